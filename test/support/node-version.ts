/** The machine's own Node may be older than the libraries need: without the one from node_modules nothing here means anything. */
export default function assertNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 19))
    throw new Error(`tests run on Node ${process.versions.node}; npm ci installs a current one (was it run with --omit=optional?)`);
}
