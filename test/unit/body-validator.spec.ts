import { fullFormats } from 'ajv-formats/dist/formats.js';
import { IngestEventDto } from '../../src/events/parsing/event.dto.js';
import { CreateKeyDto } from '../../src/keys/keys.dto.js';
import { bodyValidatorFor } from '../../src/platform/http/body/body-validator.js';
import { DATE_TIME, isDateTime } from '../../src/platform/http/body/fields.js';
import { EDGE_TIMES } from '../support/edge-values.js';

const event = bodyValidatorFor(IngestEventDto);

describe('bodyValidatorFor', () => {
  it('gives one validator per class', () => {
    expect(bodyValidatorFor(IngestEventDto)).toBe(event);
  });

  it('gives members that are left out what the document says they become, and a copy of it', () => {
    const [one, other] = [1, 2].map(() => bodyValidatorFor(CreateKeyDto).check({ client_id: 'c', name: 'n' }));
    expect(one?.scopes).toEqual(['read', 'write']);
    expect(one?.scopes).not.toBe(other?.scopes);
  });

  it.each(['x', '😀', 'e\u0301'])('counts characters of %s as Unicode does', (character) => {
    const text = (length: number) => character.repeat(length / [...character].length);
    expect(event.faultsOf({ event_type: text(254) })).toEqual([]);
    expect(event.faultsOf({ event_type: text(256) })).toEqual([
      { path: 'event_type', message: 'must be 1 to 255 characters long' },
    ]);
  });

  it('looks for all faults of what is small and for the first one of what is not, in the same words', () => {
    const raw = (values: number) => ({
      event_type: '',
      event_time: 'now',
      payload: { list: Array.from({ length: values }, () => 1) },
    });
    const [first, ...more] = event.faultsOf(raw(10));
    expect([first, more.length]).toEqual([{ path: 'event_type', message: 'must be 1 to 255 characters long' }, 1]);
    expect(event.faultsOf(raw(5_000))).toEqual([first]);
    expect(event.faultsOf({ ...raw(5_000), event_type: 'x' })).toEqual(more);
    expect(event.faultsOf({ ...raw(5_000), event_type: 'a\0' })).toEqual(event.faultsOf({ event_type: 'a\0' }));
  });

  it('shows a member without a name', () => {
    expect(event.faultsOf({ event_type: 'a', '': 1 }).map(({ path }) => path)).toEqual(['""']);
  });

  it('reads a date-time at one look as the documented format and pattern read it', () => {
    const format = fullFormats['date-time'] as { validate: (text: string) => boolean };
    const pattern = new RegExp(String(DATE_TIME['pattern']), 'u');
    const differing = EDGE_TIMES.filter((time) => isDateTime(time) !== (pattern.test(time) && format.validate(time)));
    expect(differing).toEqual([]);
  });
});
