import { expect, test } from 'vitest';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { openDatabase, stateFile } from '../../src/state/store.ts';
import { fastDir } from '../support/run-portlog.ts';

const made = (database: Database): unknown => [
  database.all(`SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name`),
  ['user_version', 'application_id', 'auto_vacuum', 'journal_mode'].map((name) => database.get(`PRAGMA ${name}`)),
];

test('a new state file, created in one step, equals one that was migrated step by step', () => {
  const [atOnce, byStep] = [openDatabase(fastDir()), Database.open(stateFile(fastDir()), SCHEMA_VERSIONS)];
  expect(made(atOnce)).toEqual(made(byStep));
  for (const { name } of byStep.all(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`))
    for (const database of [atOnce, byStep]) expect(database.all(`SELECT * FROM "${String(name)}"`), String(name)).toEqual([]);
  for (const database of [atOnce, byStep]) database.close();
});

test('steps that came after it are taken', () => {
  const path = stateFile(fastDir());
  const database = Database.open(path, ['CREATE TABLE a (x)', 'ALTER TABLE a ADD COLUMN y'], () => 'CREATE TABLE a (x); PRAGMA user_version = 1');
  database.run('INSERT INTO a (x, y) VALUES (1, 2)');
  expect(database.get('PRAGMA user_version')).toEqual({ user_version: 2 });
  database.close();
});
