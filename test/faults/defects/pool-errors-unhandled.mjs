import pg from 'pg';

const { on } = pg.Pool.prototype;

pg.Pool.prototype.on = function (event, listener) {
  return event === 'error' ? this : on.call(this, event, listener);
};
