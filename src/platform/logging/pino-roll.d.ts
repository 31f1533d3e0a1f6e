declare module 'pino-roll' {
  import type { DestinationStream } from 'pino';
  interface RollOptions {
    file: string;
    size?: string;
    limit?: { count: number };
    mkdir?: boolean;
  }
  export default function roll(options: RollOptions): Promise<DestinationStream>;
}
