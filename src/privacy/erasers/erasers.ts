import { Injectable } from '@nestjs/common';
import { ArchiveEraser } from './archive-eraser.js';
import { CallEraser } from './call-eraser.js';
import { EntryEraser } from './entry-eraser.js';
import { EventEraser } from './event-eraser.js';
import { RollupEraser } from './rollup-eraser.js';

/** One for each kind of record. */
@Injectable()
export class Erasers {
  constructor(
    readonly events: EventEraser,
    readonly entries: EntryEraser,
    readonly archives: ArchiveEraser,
    readonly calls: CallEraser,
    readonly rollups: RollupEraser,
  ) {}
}
