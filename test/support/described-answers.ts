import { Ajv2019 } from 'ajv/dist/2019.js';
import type { ValidateFunction } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import type { CallbackHandler, Test } from 'supertest';
import { readDocument } from './openapi-document.js';

type Part = Record<string, unknown>;

interface Operation {
  responses: Record<string, { $ref?: string; content?: Record<string, { schema?: Part }> }>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, Part>>;
}

export interface GivenAnswer {
  method: string;
  /** With or without its query. */
  path: string;
  status: number;
  contentType: string;
  body: string;
}

/** Answers as openapi.yaml describes them. Read at the first answer, each schema compiled at its first use. */
class Description {
  private readonly document = readDocument<Document>();
  private readonly routes: { pattern: RegExp; variables: number; item: Record<string, Operation> }[];
  private readonly ajv = new Ajv2019({ strict: false, validateFormats: true, allErrors: false });
  private readonly validators = new Map<object, ValidateFunction>();

  constructor() {
    for (const name of ['date-time', 'date', 'ipv4', 'ipv6', 'uuid'] as const) {
      this.ajv.addFormat(name, fullFormats[name]);
    }
    for (const name of ['password', 'binary', 'uri-reference']) this.ajv.addFormat(name, true);
    const { schemas = {} } = this.document.components;
    this.ajv.addSchema({ $id: 'document', closed: strictEach(schemas), open: strictEach(schemas, true) });
    this.routes = Object.entries(this.document.paths)
      .map(([path, item]) => ({
        pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`, 'i'),
        variables: path.split('{').length,
        item,
      }))
      .sort((a, b) => a.variables - b.variables);
  }

  /** What is not as described; null where all is, or the address is none of the document. */
  faultOf({ method, path, status, contentType, body }: GivenAnswer): string | null {
    const address = new URL(path, 'http://localhost').pathname;
    const { item } = this.routes.find(({ pattern }) => pattern.test(address)) ?? {};
    const operation = item?.[method.toLowerCase()];
    if (operation === undefined) return null;
    const described = operation.responses[status] ?? operation.responses['default'];
    const { content } = described?.$ref === undefined ? (described ?? {}) : this.resolve(described.$ref);
    const type = contentType.split(';', 1)[0]!.trim();
    if (type === '') return content === undefined || method === 'HEAD' ? null : `${status} has no body`;
    const media = content?.[type];
    if (media === undefined) return `${status} ${type} is not described`;
    if (!/[/+]json$/.test(type) || media.schema === undefined) return null;
    const validate = this.validatorOf(media.schema);
    if (validate(JSON.parse(body))) return null;
    return `${status}: ${this.ajv.errorsText(validate.errors, { dataVar: 'answer' })} ${unknownNames(validate)}`;
  }

  private resolve($ref: string): Operation['responses'][string] {
    const [, , kind, name] = $ref.split('/');
    return this.document.components[kind!]![name!]!;
  }

  private validatorOf(schema: Part): ValidateFunction {
    let validate = this.validators.get(schema);
    if (validate === undefined) {
      this.validators.set(schema, (validate = this.ajv.compile(strict(schema) as Part)));
    }
    return validate;
  }
}

/** The names that a schema does not know, which ajv keeps apart from its sentence. */
const unknownNames = ({ errors }: ValidateFunction) =>
  (errors ?? []).map(({ params }) => (params as { unevaluatedProperty?: string }).unevaluatedProperty ?? '').join(' ');

/**
 * A schema in which an object has no members but those that are described. Parts of one object (`allOf`) may have what
 * the others describe, so the whole is closed and each part left open; null of OpenAPI 3.0 is made that of JSON Schema.
 */
function strict(part: unknown, isOpen = false): unknown {
  if (Array.isArray(part)) return part.map((item) => strict(item, isOpen));
  if (typeof part !== 'object' || part === null) return part;
  const { $ref, nullable, example: _example, default: _default, ...own } = part as Part;
  if (typeof $ref === 'string') return { $ref: `document#/${isOpen ? 'open' : 'closed'}/${$ref.split('/').at(-1)}` };
  const made: Part = {};
  for (const [keyword, value] of Object.entries(own)) {
    if (keyword === 'enum' || keyword === 'required') made[keyword] = value;
    else if (keyword === 'properties') made[keyword] = strictEach(value as Part);
    else if (keyword === 'items' || keyword === 'additionalProperties') made[keyword] = strict(value);
    else made[keyword] = strict(value, keyword === 'allOf' || isOpen);
  }
  const describesMembers = own['properties'] !== undefined || own['allOf'] !== undefined;
  if (describesMembers && !isOpen && own['additionalProperties'] === undefined) made['unevaluatedProperties'] = false;
  return nullable === true ? { anyOf: [made, { type: 'null' }] } : made;
}

const strictEach = (schemas: Part, isOpen = false): Part =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, strict(schema, isOpen)]));

let description: Description | undefined;

/** {@link Description.faultOf} */
export function faultOfAnswer(answer: GivenAnswer): string | null {
  return (description ??= new Description()).faultOf(answer);
}

/** What is looked at of an answer that supertest got. */
interface SupertestAnswer {
  status: number;
  type: string;
  /** Missing where another parser read the body. */
  text?: string;
  body: unknown;
  req: { method: string; path: string };
}

/** Makes every answer that supertest gets fail the test that is not as openapi.yaml describes it. */
export function holdAnswersToDocument({ prototype }: { prototype: Test }): void {
  const end = Reflect.get(prototype, 'end') as (this: Test, callback?: CallbackHandler) => Test;
  prototype.end = function (callback) {
    void this.expect((response) => checkAnswer(response as unknown as SupertestAnswer));
    return end.call(this, callback);
  };
}

function checkAnswer({ status, type, text, body, req }: SupertestAnswer): void {
  const whole = typeof body === 'string' ? body : (text ?? '');
  const fault = faultOfAnswer({ method: req.method, path: req.path, status, contentType: type, body: whole });
  if (fault !== null) throw new Error(`${req.method} ${req.path} is not answered as openapi.yaml says: ${fault}`);
}
