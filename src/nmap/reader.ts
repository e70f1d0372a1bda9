import { decimal } from './numbers.ts';
import { Tokens } from './tokens.ts';

const MAX_NOTES = 32;
const NONE: readonly string[] = [];

/**
 * Tokens with numbers. The DTD declares every attribute as CDATA, so anything can stand where a
 * number should; what is none is noted as `element@attribute=value` instead of guessed or dropped.
 */
export class Reader extends Tokens {
  private notes: string[] = [];

  /** What was noted about an element that was refused in the end does not belong to the next one. */
  override enter(start: number, end: number): void {
    this.notes = [];
    super.enter(start, end);
  }

  integer(attribute: string): number | undefined {
    const value = this.attribute(attribute);
    if (value === undefined) return undefined;
    const number = digits(value) ?? this.number(attribute, value);
    if (number === undefined || Number.isInteger(number)) return number;
    this.note(attribute, value);
    return undefined;
  }

  decimal(attribute: string): number | undefined {
    const value = this.attribute(attribute);
    return value === undefined ? undefined : this.number(attribute, value);
  }

  /** A port or IP protocol number: 0 to 65535. */
  port(attribute: string): number | undefined {
    const number = this.integer(attribute);
    if (number === undefined || (number >= 0 && number <= 65535)) return number;
    this.note(attribute, String(number));
    return undefined;
  }

  boolean(attribute: string): boolean | undefined {
    const value = this.attribute(attribute);
    return value === undefined ? undefined : value === 'true' || value === '1';
  }

  /** What was noted since the last call. */
  takeNotes(): readonly string[] {
    if (this.notes.length === 0) return NONE;
    const { notes } = this;
    this.notes = [];
    return notes;
  }

  private number(attribute: string, value: string): number | undefined {
    const number = decimal(value);
    if (number !== undefined) return number;
    // An unknown round trip time is "--"; masscan and old versions leave values empty.
    if (value !== '' && value !== '--') this.note(attribute, value);
    return undefined;
  }

  private note(attribute: string, value: string): void {
    if (this.notes.length < MAX_NOTES) this.notes.push(`${this.name}@${attribute}=${value.slice(0, 64)}`);
  }
}

/** The number that up to nine digits write: the usual case, at a third of what a pattern costs. */
function digits(value: string): number | undefined {
  if (value.length === 0 || value.length > 9) return undefined;
  let number = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number;
}
