/** Source of findings from version detection (`-sV`). The source of other findings is the name of a script. */
export const SERVICE = 'service';
/** Source of findings from the port number alone. */
export const PORT = 'port';
