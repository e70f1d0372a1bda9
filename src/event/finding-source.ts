/** What has found a weakness, when it was no script of nmap (whose name is the source then): version detection, `-sV`. */
export const SERVICE = 'service';
/** The same: the number of the port alone. */
export const PORT = 'port';
