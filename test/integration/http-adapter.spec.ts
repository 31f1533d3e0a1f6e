import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { HttpAdapter } from '../../src/platform/http-adapter.js';
import { RequestNote } from '../../src/platform/request-note.js';
import { bytesGrownOld } from '../support/old-space.js';

const NOTE = new RequestNote<object>();

@Controller()
class Answers {
  @Get('answer')
  answer() {
    return { numbers: Array.from({ length: 1_000 }, (_, n) => ({ n })) };
  }
}

@Module({ controllers: [Answers] })
class AnswersModule {}

/** One request after the other on one connection, without a client that would make garbage of its own. */
async function ask(port: number, times: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const request = 'GET /answer HTTP/1.1\r\nHost: test\r\n\r\n';
  await new Promise<void>((resolve, reject) => {
    let answered = 0;
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      if (!chunk.includes('{"n":999}]}')) return;
      answered += 1;
      if (answered < times) socket.write(request);
      else resolve();
    });
    socket.write(request);
  });
  socket.destroy();
}

describe('the HTTP adapter', () => {
  let app: NestExpressApplication;
  let port: number;

  beforeAll(async () => {
    app = await NestFactory.create<NestExpressApplication>(AnswersModule, new HttpAdapter(), { logger: false });
    app.use((request: IncomingMessage, _response: unknown, next: () => void) => {
      NOTE.set(request, { request });
      next();
    });
    await app.listen(0, '127.0.0.1');
    port = (app.getHttpServer().address() as { port: number }).port;
  });

  afterAll(() => app.close());

  it('gives requests and responses what Express gives them', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/answer`);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toMatchObject({ numbers: { length: 1_000 } });
  });

  it('lets requests, what is noted on them and their answers die young', async () => {
    await ask(port, 300);
    // 11 KB of text each, made of 1,000 objects
    expect(await bytesGrownOld(() => ask(port, 1_500))).toBeLessThan(5_000_000);
  });
});
