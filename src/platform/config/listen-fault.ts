import { wrongSetting } from './config.js';

interface Listening {
  host: string;
  port: number;
  portSetting: 'PORT' | 'WORKER_HEALTH_PORT';
}

/** What the system says to a host name or an address that is not this machine's. */
const NO_ADDRESS = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EINVAL', 'EAFNOSUPPORT']);

/** Names the setting because of which nobody can listen there; any other error as it is. */
export function listenFault(error: unknown, { host, port, portSetting }: Listening): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    const other = `${portSetting}=${port < 65_535 ? port + 1 : port - 1}`;
    return wrongSetting(portSetting, `${port} is in use by another program on ${host}; choose another, like ${other}`);
  }
  if (code === 'EACCES') {
    return wrongSetting(portSetting, `${port} is for the administrator of this machine; choose one from 1024 on`);
  }
  if (!NO_ADDRESS.has(code)) return error;
  const why = `${host} is not an address of this machine (${code}); use 127.0.0.1 for this machine alone, 0.0.0.0 for all`;
  return wrongSetting('HOST', why);
}
