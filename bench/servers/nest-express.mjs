import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

/** The least a Nest application can do: read, parse, answer. Nest's defaults, nothing added. */
class IngestController {
  say() {
    return { status: 'healthy' };
  }

  accept(event) {
    return { status: 'queued', event_id: event.event_id };
  }
}

class AppModule {}

// Decorators are functions; this is what `@Post(…)` and its like compile to.
const method = Object.getOwnPropertyDescriptor(IngestController.prototype, 'accept');
Post('api/v1/events/ingest')(IngestController.prototype, 'accept', method);
HttpCode(202)(IngestController.prototype, 'accept', method);
Body()(IngestController.prototype, 'accept', 0);
Get()(IngestController.prototype, 'say', Object.getOwnPropertyDescriptor(IngestController.prototype, 'say'));
Controller()(IngestController);
Module({ controllers: [IngestController] })(AppModule);

process.on('SIGINT', () => undefined); // Ctrl-C is the benchmark's to handle
process.on('disconnect', () => process.exit());
const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0, '127.0.0.1');
process.send({ answer: app.getHttpServer().address().port });
