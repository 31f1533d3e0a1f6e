import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestSpan {
  service: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  kind: number;
  status: number | undefined;
  attributes: Record<string, string | number>;
}

interface Value {
  stringValue?: string;
  intValue?: number;
}

type Attributes = { key: string; value: Value }[];

interface Export {
  resourceSpans: {
    resource: { attributes: Attributes };
    scopeSpans: {
      spans: (Omit<TestSpan, 'attributes' | 'status' | 'service'> & {
        attributes: Attributes;
        status?: { code?: number };
      })[];
    }[];
  }[];
}

/** Takes spans by OTLP/HTTP in JSON, as a collector of OpenTelemetry does. */
export class TestCollector {
  private readonly server: Server;
  readonly spans: TestSpan[] = [];
  /** Everything that came, as it came. */
  readonly received: string[] = [];
  readonly requests: { url: string | undefined; authorization: string | undefined }[] = [];
  /** Whether it lets the senders wait from now on, and how many wait. */
  isHanging = false;
  waiting = 0;

  private constructor() {
    this.server = createServer((request, response) => {
      void textOf(request).then((text) => {
        if (this.isHanging) return void (this.waiting += 1);
        this.received.push(text);
        this.requests.push({ url: request.url, authorization: request.headers.authorization });
        this.spans.push(...spansIn(JSON.parse(text) as Export));
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
      });
    });
  }

  static async start(): Promise<TestCollector> {
    const collector = new TestCollector();
    await new Promise<void>((resolve) => collector.server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  of(traceId: string): TestSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  /** Whoever waits is cut off, and may come again. */
  wakeUp(): void {
    this.isHanging = false;
    this.server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const valuesOf = (attributes: Attributes) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? '']));

function spansIn({ resourceSpans }: Export): TestSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map(({ traceId, spanId, parentSpanId, name, kind, attributes, status }) => ({
        ...{ traceId, spanId, parentSpanId, name, kind },
        service: String(valuesOf(resource.attributes)['service.name']),
        status: status?.code,
        attributes: valuesOf(attributes),
      })),
  );
}
