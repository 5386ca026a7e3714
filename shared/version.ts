/** Version of the package, for the hello, the log and `--version`. */
export const VERSION = '0.1.0';
