import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import type { MetricsMessage } from '../../src/metrics-gateway/live-sample.js';

export type Ack = { ok: true } | { ok: false; status: number; error: string };
export type ConnectError = Error & { data?: { status: number; detail: string } };

/** A client of the namespace /metrics that remembers everything it was sent. */
export class LiveClient {
  readonly messages: MetricsMessage[] = [];
  /** Everything that came, as JSON: nothing foreign may stand in here. */
  readonly received: string[] = [];
  readonly disconnects: string[] = [];

  private constructor(readonly socket: Socket) {
    socket.on('metrics', (message: MetricsMessage) => this.messages.push(message));
    socket.onAny((...args: unknown[]) => this.received.push(JSON.stringify(args)));
    socket.on('disconnect', (reason) => this.disconnects.push(reason));
  }

  /** @throws what the server refuses the connection with */
  static async connect(
    url: string,
    auth: Record<string, unknown>,
    options: Partial<ManagerOptions & SocketOptions> = {},
  ): Promise<LiveClient> {
    const client = new LiveClient(
      io(`${url}/metrics`, { auth, transports: ['websocket'], forceNew: true, reconnection: false, ...options }),
    );
    try {
      await new Promise<void>((resolve, reject) => {
        client.socket.once('connect', resolve);
        client.socket.once('connect_error', reject);
      });
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  async emit(event: string, ...message: unknown[]): Promise<Ack> {
    const answer = (await this.socket.timeout(10_000).emitWithAck(event, ...message)) as Ack;
    this.received.push(JSON.stringify(answer));
    return answer;
  }

  subscribe(...message: unknown[]): Promise<Ack> {
    return this.emit('subscribe', ...message);
  }

  close(): void {
    this.socket.close();
  }
}
