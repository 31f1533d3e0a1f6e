import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.js';

export interface RawResponse {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: string;
}

/** One connection to a server, on which a test writes bytes as it likes and reads the answers in order. */
export class RawConnection {
  private received = Buffer.alloc(0);
  private readonly responses: RawResponse[] = [];

  private constructor(private readonly socket: Socket) {
    socket.on('data', (bytes) => this.take(bytes));
    socket.on('error', () => undefined); // seen as `closed`
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  write(...pieces: string[]): void {
    for (const piece of pieces) this.socket.write(piece);
  }

  /** The next `count` answers. */
  async read(count: number): Promise<RawResponse[]> {
    await eventually(() => {
      if (this.responses.length < count) throw new Error(`${this.responses.length} of ${count} answers came`);
    }, 5_000);
    return this.responses.splice(0, count);
  }

  async send(text: string): Promise<RawResponse> {
    this.write(text);
    const [answer] = await this.read(1);
    return answer!; // read() has waited for it
  }

  /** Waits for the server to close the connection. */
  closed(): Promise<void> {
    return eventually(() => {
      if (!this.socket.destroyed && !this.socket.readableEnded) throw new Error('the connection is still open');
    }, 5_000);
  }

  close(): void {
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    this.received = Buffer.concat([this.received, bytes]);
    for (let next = parse(this.received); next !== null; next = parse(this.received)) {
      this.responses.push(next.response);
      this.received = this.received.subarray(next.end);
    }
  }
}

/** The first complete answer in `bytes`; those without Content-Length have no body here. */
function parse(bytes: Buffer): { response: RawResponse; end: number } | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const [line = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((header) => [header.split(':', 1)[0]!.toLowerCase(), header.slice(header.indexOf(':') + 1).trim()]),
  );
  const end = headEnd + 4 + Number(headers['content-length'] ?? 0);
  if (bytes.length < end) return null;
  const response = { status: Number(line.split(' ')[1]), headers, body: bytes.subarray(headEnd + 4, end).toString() };
  return { response, end };
}
