/** Whether what nmap lists as a `port` is one. Of other protocols (`-sO`, masscan's pings) it is the protocol itself that answers. */
export function hasPorts(protocol: string | undefined): boolean {
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
}
