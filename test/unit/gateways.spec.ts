import type { Provider, Type } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import { GATEWAY_METADATA, MESSAGE_METADATA } from '@nestjs/websockets/constants.js';
import { ApiModule } from '../../src/api.module.js';
import { ACCESS } from '../../src/platform/http/access.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { ProblemFilter } from '../../src/platform/http/problem.filter.js';

const { providers = [] } = ApiModule.forRoot(loadConfig({ DATABASE_URL: 'postgresql://localhost/tidemark' }));
const isGateway = (provider: Provider): provider is Type =>
  typeof provider === 'function' && Reflect.hasMetadata(GATEWAY_METADATA, provider);
const gateways = providers.filter(isGateway).map((gateway) => [gateway.name, gateway] as const);

interface Handler {
  message: string;
  access: unknown;
}

function handlersOf(gateway: Type): Handler[] {
  const prototype = gateway.prototype as Record<string, () => unknown>;
  return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
    const method = prototype[name]!;
    const message = Reflect.getMetadata(MESSAGE_METADATA, method) as string | undefined;
    const access: unknown = Reflect.getMetadata(ACCESS, method) ?? Reflect.getMetadata(ACCESS, gateway);
    return message === undefined ? [] : [{ message, access }];
  });
}

describe('gateways', () => {
  it('stand on the page of the API', () => {
    expect(gateways.map(([name]) => name).sort()).toEqual(['LogsGateway', 'MetricsGateway']);
  });

  it.each(gateways)('%s handles each message as Nest does, with a declared scope', (_name, gateway) => {
    expect(handlersOf(gateway)).toEqual(
      ['subscribe', 'unsubscribe', '*'].map((message) => ({ message, access: 'read' })),
    );
  });

  it.each(gateways)('%s answers what was thrown by the one filter of problems', (_name, gateway) => {
    expect(Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, gateway)).toEqual([ProblemFilter]);
  });
});
