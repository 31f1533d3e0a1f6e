import type { Socket } from 'socket.io';

/** Looks, a second apart, at which a socket may be found with unsent bytes before it is given up. */
const MAX_LOOKS = 10;
/** More than this in memory for one client, and it goes at once. */
const MAX_BUFFERED_BYTES = 1_048_576;

const BEHIND_BYTES = 262_144;

/** The parts of Engine.IO's connection that tell how much waits in this process for the client to read. */
export interface Connection {
  readonly writeBuffer: readonly { readonly data?: unknown }[];
  readonly transport: {
    readonly writable: boolean;
    readonly name: string;
    /** Of the ws package; only WebSocket transports have it. */
    readonly socket?: { readonly bufferedAmount: number; terminate(): void };
  };
  close(discard: boolean): void;
}

/**
 * Cuts off clients that do not read. What is emitted every second is volatile, so a client that stands still costs one
 * message; acknowledgements it provokes are not, and here they find their end.
 */
export class SlowReaders {
  dropped = 0;
  mostBufferedBytes = 0;
  private readonly looks = new WeakMap<Connection, number>();

  /** To be called once a second. @returns whether the socket was dropped */
  look(socket: Socket): boolean {
    const connection = connectionOf(socket);
    const bytes = bufferedBytes(connection);
    const looks = bytes > 0 ? (this.looks.get(connection) ?? 0) + 1 : 0;
    this.looks.set(connection, looks);
    return looks > MAX_LOOKS ? this.drop(connection) : this.dropConnectionIfFull(connection);
  }

  /** To be called before it is answered. @returns whether the socket was dropped */
  dropIfFull(socket: Socket): boolean {
    return this.dropConnectionIfFull(connectionOf(socket));
  }

  dropConnectionIfFull(connection: Connection): boolean {
    const bytes = bufferedBytes(connection);
    this.mostBufferedBytes = Math.max(this.mostBufferedBytes, bytes);
    return bytes > MAX_BUFFERED_BYTES && this.drop(connection);
  }

  private drop(connection: Connection): true {
    this.dropped += 1;
    terminate(connection);
    return true;
  }
}

/** Whether the client has more to read than one message: then it is not sent another that nothing holds back. */
export function isBehind(socket: Socket): boolean {
  return bufferedBytes(connectionOf(socket)) > BEHIND_BYTES;
}

const connectionOf = (socket: Socket) => socket.conn as unknown as Connection;

/** What Socket.IO and the WebSocket hold for the client in this process. */
function bufferedBytes(connection: Connection): number {
  const waiting = connection.writeBuffer.reduce((sum, { data }) => sum + sizeOf(data), 0);
  return waiting + (connection.transport.socket?.bufferedAmount ?? 0);
}

function sizeOf(data: unknown): number {
  return typeof data === 'string' || Buffer.isBuffer(data) ? data.length : 1;
}

/** Without the goodbye that would wait behind everything unsent. */
export function terminate(connection: Connection): void {
  connection.close(true);
  connection.transport.socket?.terminate();
}
