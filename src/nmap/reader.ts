import { decimal } from './numbers.ts';
import { Tokens } from './tokens.ts';

const MAX_NOTES = 32;
/** Limits on memory: parts of one kind in a host, and values of all its scripts. */
const MAX_PARTS = 1 << 12;
const MAX_ITEMS = 1 << 18;
const NONE: readonly string[] = [];

/**
 * Reads attributes as numbers. The DTD declares every attribute as CDATA, so anything can be there; a value that is not a
 * number is noted as `element@attribute=value`, neither guessed nor dropped.
 */
export class Reader extends Tokens {
  private notes: string[] = [];
  private items = 0;
  private empty = 0;

  /** Also drops notes about an element before that was refused. */
  override enter(start: number, end: number): void {
    this.notes = [];
    this.items = 0;
    this.empty = 0;
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

  /** Adds a part to a list, up to a limit. */
  keep<T>(list: T[], part: T, most = MAX_PARTS): void {
    if (list.length < most) list.push(part);
    else this.say(`${this.name.slice(0, 32).toWellFormed()}: more than ${most}, the rest is left out`);
  }

  /** The same for values of scripts. */
  keepItem<T>(list: T[], item: T): void {
    if (this.items++ < MAX_ITEMS) list.push(item);
    else this.say(`script: more than ${MAX_ITEMS} values, the rest is left out`);
  }

  /** Restarts the count of script values, for parts that are not held in memory together. */
  renew(): void {
    this.items = 0;
  }

  /** Counts a port without content. */
  countEmpty(): void {
    this.empty++;
  }

  /** Notes since the last call. */
  takeNotes(): readonly string[] {
    if (this.empty > 0) this.say(`port: ${this.empty} without a state, left out`);
    this.empty = 0;
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
    if (this.notes.length < MAX_NOTES) this.notes.push(`${this.name}@${attribute}=${value.slice(0, 64).toWellFormed()}`);
  }

  /** Adds a note about the element as a whole, once. */
  private say(note: string): void {
    if (this.notes.length < MAX_NOTES * 2 && !this.notes.includes(note)) this.notes.push(note);
  }
}

/** Parses up to nine digits: the usual case, three times as fast as a regular expression. */
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
