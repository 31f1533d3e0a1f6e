import { type Command, CommanderError } from 'commander';
import { type FieldError, Problem } from '../platform/http/problem.js';
import { UsageError } from './output.js';

/** What `--json` prints of a command that failed. */
export interface Failure {
  error: string;
  exit_code: 1 | 2;
  errors?: FieldError[];
}

/** @param command the one that was called, where it is known; its options are then named as they are typed */
export function explain(error: unknown, command: Command | undefined): Failure {
  if (error instanceof CommanderError) return { error: bare(error.message), exit_code: 2 };
  if (error instanceof Problem) return explainProblem(error, optionsOf(command));
  return { error: (error as Error).message, exit_code: error instanceof UsageError ? 2 : 1 };
}

/** Commander begins with the word "error:" and puts its suggestion on a line of its own. */
const bare = (message: string): string => message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');

function explainProblem({ status, detail, extras }: Problem, options: Options): Failure {
  const errors = extras.errors?.map(({ path, message }) => ({ path: optionOf(path, options), message }));
  const named = errors?.map(({ path, message }) => `${path} ${message}`).join('; ');
  const error = named === undefined ? withOptionNames(detail, options) : `${named}.`;
  return { error, exit_code: status === 400 ? 2 : 1, ...(errors === undefined ? {} : { errors }) };
}

/** Fields of the API, each with the option that stands for it: `client_id`, `--client-id`. */
type Options = ReadonlyMap<string, string>;

const optionsOf = (command: Command | undefined): Options =>
  new Map((command?.options ?? []).map(({ long }) => [(long ?? '').slice(2).replaceAll('-', '_'), long ?? '']));

/** `scopes[0]` is one of `--scopes`. */
const optionOf = (path: string, options: Options): string => options.get(path.replace(/[[.].*$/, '')) ?? path;

/** Only names that are no ordinary words. */
const withOptionNames = (sentence: string, options: Options): string =>
  sentence.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) => options.get(name) ?? name);
