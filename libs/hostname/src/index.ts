export { parseHostname, hostOfHeader, type Hostname, type ParsedHostname } from './hostname.js';
export { HostnameIndex } from './hostname-index.js';
