import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './redis.js';

/** A way to a server that can be closed and opened again: to whoever takes it, the server is away meanwhile. */
export class Detour {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private stalled = false;

  private constructor(
    /** The given URL, by this way. */
    readonly url: string,
    private readonly port: number,
    private readonly target: { host: string; port: number },
  ) {}

  static async open(url: string): Promise<Detour> {
    const changed = new URL(url);
    const target = { host: changed.hostname, port: Number(changed.port) };
    const port = await freePort();
    changed.hostname = '127.0.0.1';
    changed.port = String(port);
    const detour = new Detour(changed.toString(), port, target);
    await detour.open();
    return detour;
  }

  async open(): Promise<void> {
    this.stalled = false;
    const server = createServer((incoming) => {
      if (this.stalled) return void this.hold(incoming);
      const outgoing = connect(this.target);
      for (const [one, other] of [
        [incoming, outgoing],
        [outgoing, incoming],
      ] as const) {
        this.sockets.add(one);
        one.on('error', () => undefined);
        one.once('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
  }

  private hold(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).pause();
  }

  /** From now on nothing passes, but connections stay open: the server hangs. */
  stall(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
    this.stalled = true;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const { server } = this;
    if (server?.listening === true) await new Promise((resolve) => server.close(resolve));
  }
}
