/** Whether a `port` element is about a port. With `-sO`, and for masscan's pings, it is about a whole protocol. */
export function hasPorts(protocol: string | undefined): boolean {
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
}
