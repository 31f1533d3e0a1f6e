import { parseJson } from '../api/json.js';

/**
 * A client of one Socket.IO namespace over WebSocket: Engine.IO protocol 4, Socket.IO protocol 5, text messages. The official
 * client weighs as much as the rest of the first view's code for transports and packets that are not used here.
 */
export interface ConnectionEvents {
  /** Connected, the first time and after each break. */
  connected: (connection: Connection) => void;
  event: (name: string, value: unknown) => void;
  /** Not connected any more, or not let in, with the server's sentence where it gave one. */
  broken: (reason: string | null) => void;
}

type Acknowledge = (answer: unknown) => void;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

export class Connection {
  private socket: WebSocket | undefined;
  private timer: number | undefined;
  private pauseMs = FIRST_PAUSE_MS;
  private patienceMs = 60_000;
  private isWanted = true;
  private readonly waiting = new Map<number, Acknowledge>();
  private nextId = 0;

  constructor(
    private readonly namespace: string,
    private readonly on: ConnectionEvents,
  ) {
    this.open();
  }

  close(): void {
    this.isWanted = false;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  emit(name: string, value: unknown, acknowledge: Acknowledge): void {
    const id = this.nextId++;
    this.waiting.set(id, acknowledge);
    this.socket?.send(`42/${this.namespace},${id}${JSON.stringify([name, value])}`);
  }

  private open(): void {
    const address = `${location.origin.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`;
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onmessage = ({ data }) => this.read(String(data));
    socket.onclose = () => this.pause(null);
    this.expect();
  }

  /** The server pings; when it does not for too long, the connection is dead without anybody saying so. */
  private expect(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.socket?.close(), this.patienceMs);
  }

  /** Tries again, each time later than before. */
  private pause(reason: string | null): void {
    this.waiting.clear();
    clearTimeout(this.timer);
    if (this.socket !== undefined) this.socket.onclose = null;
    if (!this.isWanted) return;
    this.on.broken(reason);
    this.timer = setTimeout(() => this.open(), this.pauseMs);
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  private read(text: string): void {
    this.expect();
    if (text.startsWith('0')) {
      const { pingInterval, pingTimeout } = JSON.parse(text.slice(1)) as { pingInterval: number; pingTimeout: number };
      this.patienceMs = pingInterval + pingTimeout;
      this.socket?.send(`40/${this.namespace},`);
    } else if (text === '2') this.socket?.send('3');
    else if (text.startsWith('4')) this.readPacket(text);
  }

  private readPacket(text: string): void {
    const [, kind, id, json] = /^4(\d)\/[^,]*,?(\d*)(.*)$/s.exec(text) ?? [];
    const body = json === undefined || json === '' ? null : parseJson(json);
    if (kind === '0') {
      this.pauseMs = FIRST_PAUSE_MS;
      this.on.connected(this);
    } else if (kind === '2') {
      const [name, value] = body as [string, unknown];
      this.on.event(name, value);
    } else if (kind === '3') {
      this.waiting.get(Number(id))?.((body as unknown[])[0]);
      this.waiting.delete(Number(id));
    } else {
      // Refused, or put out: what is closed here is not tried again at once.
      const reason = (body as { message?: string } | null)?.message ?? null;
      this.pauseMs = LONGEST_PAUSE_MS;
      this.socket?.close();
      this.pause(reason);
    }
  }
}
