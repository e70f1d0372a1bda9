import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** A certificate for 127.0.0.1 that signs itself, with its key, in a directory; it is its own authority. */
export function selfSigned(directory: string, key = 'ec -pkeyopt ec_paramgen_curve:P-256'): { readonly certFile: string; readonly keyFile: string } {
  const args = `req -x509 -newkey ${key} -nodes -keyout key.pem -days 2 -subj /CN=loghost -addext subjectAltName=IP:127.0.0.1 -out cert.pem`.split(
    ' ',
  );
  execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  return { certFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem') };
}
