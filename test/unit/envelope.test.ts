import { expect, test } from 'vitest';
import type { LogEvent } from '../../src/event/event.ts';
import { envelopeOf } from '../../src/sink/http/envelope.ts';

test('half of a pair of surrogates, as a program may log it, is sent as a form', () => {
  const envelope = envelopeOf('text={message}', 'application/x-www-form-urlencoded');
  expect(envelope.parts({ message: 'a\uD83D b' } as LogEvent)).toEqual(['text=a%EF%BF%BD%20b']);
});
