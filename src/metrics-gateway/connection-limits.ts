import type { Server } from 'socket.io';
import { MemorySlidingWindow } from '../auth/limits/window.js';
import { type Connection, SlowReaders, terminate } from './slow-readers.js';

/**
 * Of everything that comes in, good or not: heartbeats, attempts to enter a namespace, frames that mean nothing. Twice
 * the messages that a subscriber may send, who is told why it is cut off.
 */
const MAX_PACKETS = 2_000;
const WINDOW_MS = 10_000;

/**
 * Bounds what a connection may send and let pile up, whoever holds it: from its first byte on, so before it has shown a
 * credential as well.
 */
export function limitConnections(server: Server): void {
  const readers = new SlowReaders();
  server.engine.on('connection', (connection: Connection & PacketSource) => {
    const packets = new MemorySlidingWindow();
    connection.on('packet', () => {
      const { allowed } = packets.take('', 1, MAX_PACKETS, WINDOW_MS);
      if (allowed) readers.dropConnectionIfFull(connection);
      else terminate(connection);
    });
  });
}

interface PacketSource {
  on(event: 'packet', listener: () => void): unknown;
}
