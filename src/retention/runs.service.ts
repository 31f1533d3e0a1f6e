import { Injectable } from '@nestjs/common';
import { decodeCursor, toPage } from '../platform/http/cursor.js';
import { RunPage, RunResponse, type RunsQuery } from './retention.dto.js';
import { TaskRunsRepository } from './schedule/task-runs.repository.js';

@Injectable()
export class RunsService {
  constructor(private readonly runs: TaskRunsRepository) {}

  async list({ limit, cursor, task }: RunsQuery): Promise<RunPage> {
    const before = cursor === undefined ? undefined : decodeCursor(cursor);
    const { data, next_cursor } = toPage(await this.runs.list(limit + 1, before, task), limit);
    return { data: data.map((run) => RunResponse.of(run)), next_cursor };
  }
}
