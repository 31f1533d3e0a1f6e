import { readFileSync } from 'node:fs';
import { EXAMPLES } from '../../src/openapi/examples.js';
import { problemTypes, problemUrn } from '../../src/platform/http/problem-types.js';
import { type Part, placesOf, readDocument } from '../support/openapi-document.js';

const document = readDocument();
const places = placesOf(document);
const operations = places.map(({ operation }) => operation);
const schemas = document.components['schemas']!;

const VERBS =
  /^(add|clean|create|delete|discard|enrich|export|generate|get|ingest|list|order|query|release|request|retry|rotate|search|send|set|sign|update)[A-Z]/;

/** What of the operations is not so, by their names. */
const others = (isSo: (operation: (typeof operations)[number]) => boolean) =>
  operations.filter((operation) => !isSo(operation)).map(({ operationId }) => operationId);

const parametersOf = (operation: (typeof operations)[number]) =>
  (operation.parameters ?? []).map((parameter) =>
    parameter.$ref === undefined
      ? parameter
      : (document.components['parameters']![parameter.$ref.split('/').at(-1)!] as unknown as typeof parameter),
  );

/** Every schema in a part of the document, with the name it has there. */
function schemasIn(part: unknown, name = ''): { name: string; schema: Part }[] {
  if (typeof part !== 'object' || part === null) return [];
  const inner = Object.entries(part)
    .filter(([key]) => key !== 'example')
    .flatMap(([key, value]) => schemasIn(value, /^\d+$|^items$/.test(key) ? name : key));
  return [{ name, schema: part as Part }, ...inner];
}

describe('the OpenAPI document', () => {
  it('names each operation by a verb that people would type, once', () => {
    expect(others(({ operationId }) => VERBS.test(operationId) && /^[a-z][A-Za-z]+$/.test(operationId))).toEqual([]);
    const names = operations.map(({ operationId }) => operationId);
    expect(names).toEqual([...new Set(names)]);
    expect(names).toEqual(expect.arrayContaining(['ingestEvent', 'listEvents', 'getEvent', 'createAuditEntry']));
  });

  it('groups them by one tag each, all described, in the order of the list', () => {
    expect(others(({ tags }) => tags.length === 1)).toEqual([]);
    const used = [...new Set(operations.flatMap(({ tags }) => tags))];
    const audit = operations.filter(({ tags }) => tags.includes('Audit trail')).map(({ operationId }) => operationId);
    expect([audit[0], audit.at(-1)]).toEqual(['createAuditEntry', 'cleanUpAuditEntries']);
    expect(used).toEqual(document.tags.map(({ name }) => name));
    expect(document.tags.filter(({ description }) => !/^.{20,}\.$/.test(description))).toEqual([]);
  });

  it('has a summary of one line for each, and says who may call it', () => {
    expect(others(({ summary }) => /^[A-Z].{5,120}[^.]$/.test(summary))).toEqual([]);
    expect(
      others(({ description }) => /(Needs the scope `\w+`|Needs no credential|Any .+)\.$/.test(description)),
    ).toEqual([]);
    const open = operations.filter(({ security }) => security.length === 0).map(({ operationId }) => operationId);
    expect(open.sort()).toEqual(['getHealth', 'getHealthcheck', 'getLiveness', 'getReadiness', 'signIn']);
    expect(
      others((operation) => (operation['x-required-scope'] === undefined) === (operation.security.length === 0)),
    ).toEqual([]);
    const scopeOf = (id: string) => operations.find(({ operationId }) => operationId === id)?.['x-required-scope'];
    expect(['ingestEvent', 'getEvent', 'createKey', 'createTenant', 'createFunnel'].map(scopeOf)).toEqual([
      'track',
      'read',
      'admin',
      'platform',
      'write',
    ]);
  });

  it('takes the credential of Segment SDKs at their addresses, and X-Tenant-Id wherever one is needed', () => {
    const basic = places.filter(({ operation }) => operation.security.some((way) => 'write_key' in way));
    expect(basic.map(({ path }) => path)).toEqual(
      places.map(({ path }) => path).filter((path) => path.startsWith('/v1/')),
    );
    expect(basic.length).toBe(7);
    expect(
      others(
        ({ parameters = [], security }) =>
          parameters.some(({ $ref }) => $ref === '#/components/parameters/TenantId') === security.length > 0,
      ),
    ).toEqual([]);
    expect(document.components['securitySchemes']).toMatchObject({
      api_key: { in: 'header', name: 'X-API-Key' },
      bearer: { scheme: 'bearer' },
      write_key: { scheme: 'basic' },
    });
  });

  it('says of the document itself where it is and under which licence', () => {
    expect(document.servers).toMatchObject([{ url: '/' }]);
    expect(document.info['license']).toMatchObject({ name: 'MIT' });
  });

  it('types every parameter, with bounds, and has none twice', () => {
    const names = (operation: (typeof operations)[number]) =>
      parametersOf(operation).map(({ name }) => name.toLowerCase());
    expect(others((operation) => new Set(names(operation)).size === names(operation).length)).toEqual([]);
    const faults = operations.flatMap((operation) =>
      parametersOf(operation)
        .filter(({ in: place, schema }) => place === 'query' && !isBounded(schema))
        .map(({ name, schema }) => `${operation.operationId} ${name} ${JSON.stringify(schema)}`),
    );
    expect(faults).toEqual([]);
    const required = operations.flatMap(({ parameters = [] }) =>
      parameters.filter((one) => one.in === 'header' && one.required),
    );
    expect(required).toEqual([]);
  });

  it('calls whole numbers integers', () => {
    const fractions =
      /^(avg|min|max|p50|p95|p99|rate|conversion_from_\w+|median_time_from_previous_s|events_per_user|duration_m?s|latency_ms|oldest_pending_age_s|bytes_per_event|events_per_day|days_until_full|value|(\w+_)?standard_error|anyOf|oneOf|\w*[uU]serId|anonymousId|additionalProperties)$/;
    const numbers = schemasIn({ paths: document.paths, schemas }).filter(({ schema }) => schema['type'] === 'number');
    expect(numbers.map(({ name }) => name).filter((name) => !fractions.test(name))).toEqual([]);
  });

  it('closes each body whose unknown fields are refused', () => {
    const bodies = Object.entries(schemas).filter(([name]) => name.endsWith('Dto'));
    const open = bodies.filter(([, { additionalProperties }]) => additionalProperties !== false).map(([name]) => name);
    expect(open.sort()).toEqual([
      'CloudEventDto', // extension attributes
      'SegmentBatchDto', // as in Segment's API
      'SegmentBatchMessageDto',
      'SegmentBatchTrackDto',
      'SegmentMessageDto',
      'SegmentTrackDto',
    ]);
  });

  it('describes CloudEvents by their media types, and every answer with its headers', () => {
    const { requestBody } = operations.find(({ operationId }) => operationId === 'createEvent')!;
    expect(Object.keys(requestBody!.content)).toEqual([
      'application/json',
      'application/cloudevents+json',
      'application/cloudevents-batch+json',
    ]);
    const withoutHeaders = operations.flatMap(({ operationId, security, responses }) =>
      Object.entries(responses).flatMap(([status, response]) => {
        const answer =
          response.$ref === undefined ? response : document.components['responses']![response.$ref.split('/').at(-1)!]!;
        const headers = Object.keys(answer['headers'] ?? {});
        const wanted = [
          'X-Request-Id',
          ...(security.length > 0 && /^2/.test(status)
            ? ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset']
            : []),
          ...(['429', '503'].includes(status) && security.length > 0 ? ['Retry-After'] : []),
          ...(status === 'default' ? ['Allow'] : []),
        ];
        return wanted.filter((name) => !headers.includes(name)).map((name) => `${operationId} ${status} ${name}`);
      }),
    );
    const headersOf = (id: string) =>
      operations
        .filter(({ operationId }) => operationId === id)
        .flatMap(({ responses }) => Object.keys((responses['200'] ?? responses['204'])?.headers ?? {}));
    expect(headersOf('signIn')).toContain('Set-Cookie');
    for (const name of ['exportAuditEntries', 'exportAuditEvents', 'exportApiCalls']) {
      expect(headersOf(name)).toContain('Content-Disposition');
    }
    expect(withoutHeaders.filter((fault) => !/^get(Health|Healthcheck|Readiness) 503/.test(fault))).toEqual([]);
  });

  it('answers every error as a problem, whose types are those of the code and of docs/errors.md', () => {
    const others = operations.flatMap(({ operationId, responses }) =>
      Object.entries(responses)
        .filter(([status]) => !/^2/.test(status))
        .filter(
          ([, { $ref, content }]) =>
            $ref === undefined && Object.keys(content ?? {}).join() !== 'application/problem+json',
        )
        .map(([status]) => `${operationId} ${status}`),
    );
    expect(others.sort()).toEqual(['getHealth 503', 'getHealthcheck 503', 'getReadiness 503']);
    const urns = problemTypes.map(([kind]) => problemUrn(kind));
    expect(schemas['Problem']).toMatchObject({ properties: { type: { enum: urns } } });
    const rows = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `(urn:\S+)` +\| (\d+) +\| (.+?) +\|$/gm)];
    expect(rows.map(([, urn, status, meaning]) => ({ urn, status, meaning }))).toEqual(
      problemTypes.map(([kind, { status, meaning }]) => ({ urn: problemUrn(kind), status: String(status), meaning })),
    );
  });

  it('has an example for each operation, and none for others', () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual(operations.map(({ operationId }) => operationId).sort());
    expect(
      others(({ requestBody }) =>
        Object.values(requestBody?.content ?? {}).every(({ example }) => example !== undefined),
      ),
    ).toEqual([]);
    const missing = operations.flatMap((operation) =>
      parametersOf(operation)
        .filter(({ required, example }) => required === true && example === undefined)
        .map(({ name }) => `${operation.operationId} ${name}`),
    );
    expect(missing).toEqual([]);
    // Swagger UI would send it, though nobody chose it together with the others.
    const filledIn = operations.flatMap((operation) =>
      parametersOf(operation)
        .filter(({ schema }) => schema['example'] !== undefined)
        .map(({ name }) => `${operation.operationId} ${name}`),
    );
    expect(filledIn).toEqual([]);
  });
});

function isBounded({ type, enum: choices, format, minLength, maxLength, minimum }: Part): boolean {
  if (type === 'integer') return minimum !== undefined;
  return (
    type === 'string' &&
    (choices !== undefined ||
      String(format).endsWith('date-time') ||
      (minLength !== undefined && maxLength !== undefined))
  );
}
