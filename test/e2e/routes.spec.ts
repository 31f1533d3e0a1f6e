import { DiscoveryModule, DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { Test } from '@nestjs/testing';
import { parse } from 'yaml';
import { ApiModule } from '../../src/api.module.js';
import { ACCESS, CHANGES_ACCESS } from '../../src/platform/http/access.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { describeApi } from '../support/fixture.js';

describeApi('routes', {}, (api, { database }) => {
  it('each declare a scope or that they are public, and those about keys, tenants and tokens that they change access', async () => {
    const module = await Test.createTestingModule({
      imports: [ApiModule.forRoot(loadConfig({ DATABASE_URL: database.url })), DiscoveryModule],
    }).compile();
    const reflector = module.get(Reflector);
    const routes = module
      .get(DiscoveryService)
      .getControllers()
      .flatMap(({ metatype, instance }) =>
        new MetadataScanner().getAllMethodNames(Object.getPrototypeOf(instance) as object).map((name) => ({
          name,
          controller: metatype as new () => object,
          handler: (instance as Record<string, () => void>)[name]!,
        })),
      )
      .filter(({ handler }) => Reflect.hasMetadata(PATH_METADATA, handler));
    expect(routes.length).toBeGreaterThan(10);
    const undeclared = routes.filter(
      ({ controller, handler }) => reflector.getAllAndOverride(ACCESS, [handler, controller]) === undefined,
    );
    expect(undeclared.map(({ controller, name }) => `${controller.name}.${name}`)).toEqual([]);
    const [about, reads] = [/^(keys|tenants|auth)$/, new Set([RequestMethod.GET, RequestMethod.HEAD])];
    const changing = routes.filter(
      ({ controller, handler }) =>
        about.test(String(Reflect.getMetadata(PATH_METADATA, controller))) &&
        !reads.has(Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod),
    );
    expect(changing.length).toBeGreaterThan(5);
    const cached = changing.filter(({ handler }) => reflector.get(CHANGES_ACCESS, handler) !== true);
    expect(cached.map(({ controller, name }) => `${controller.name}.${name}`)).toEqual([]);
    await module.close();
  });

  it('answer what does not exist with a problem, and never with a stack', async () => {
    for (const path of ['/nope', '/events/%E0%A4%A', '/../etc/passwd', '/events/..%2f..']) {
      const { status, body } = await api.get(path);
      expect(status === 404 || status === 400).toBe(true);
      expect(body).toMatchObject({ status, request_id: expect.any(String) as string });
      expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts|\.js/);
    }
  });

  it.each([
    ['/events/%zz', 'The address has a % that begins no character in UTF-8. Write the sign itself as %25.'],
    ['/keys/%ff%fe', 'The address has a % that begins no character in UTF-8. Write the sign itself as %25.'],
    ['/events?=1', '"" is not a known field or parameter.'],
    ['/auth/info?=1', 'Unknown query parameters: "".'],
    ['/events?from=2026-01-01T00:00:00+02:00', 'in an address the + of the offset is written %2B'],
    ['/events?to=9999-12-31T23:59:59Z', 'to must be in the years 1900 to 2999.'],
  ])('say of %s what to do about it', async (path, sentence) => {
    const { status, body } = await api.get<{ detail: string }>(path);
    expect(status).toBe(400);
    expect(body.detail).toContain(sentence);
  });

  it('carry a request id: the caller’s when it is well-formed, else a new one', async () => {
    const id = (given: string) =>
      api
        .call('GET', '/health', { headers: { 'X-Request-Id': given } })
        .then(({ headers }) => headers.get('x-request-id'));
    expect(await id('my-id.1')).toBe('my-id.1');
    expect(await id('a b')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await id('x'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('say how healthy the service is', async () => {
    const { status, body } = await api.call('GET', '/health', { key: null });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'healthy',
      service: 'tidemark',
      version: expect.any(String) as string,
      checks: { postgres: { status: 'up' }, queue: { status: 'up', backend: 'postgres' } },
    });
    for (const path of ['healthcheck', 'health/live', 'health/ready']) {
      await api.request().get(`/api/v1/${path}`).expect(200);
    }
  });

  it('are documented as JSON and YAML that are written once, not for each request', async () => {
    const isDocument = (value: unknown) => (value as { openapi?: string } | null)?.openapi !== undefined;
    const reads = [jest.spyOn(JSON, 'stringify'), jest.spyOn(Object, 'keys')]; // JSON and YAML are written with these
    try {
      const json = await api.request().get('/docs-json').expect(200);
      const yaml = await api
        .request()
        .get('/docs-yaml')
        .expect(200)
        .expect('Content-Type', 'application/yaml; charset=utf-8');
      expect(reads.flatMap(({ mock }) => mock.calls as unknown[][]).filter(([value]) => isDocument(value))).toEqual([]);
      expect(parse(yaml.text)).toEqual(JSON.parse(json.text));
    } finally {
      jest.restoreAllMocks();
    }
  });

  it('are documented at /docs and /docs-json', async () => {
    await api
      .request()
      .get('/docs')
      .expect(200)
      .expect(/swagger-ui/);
    const { body } = await api
      .request()
      .get('/docs-json')
      .expect(200)
      .expect('Content-Type', /^application\/json/);
    const { paths } = body as { paths: Record<string, unknown> };
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/api/v1/events/batch', '/api/v1/health']));
  });
});
