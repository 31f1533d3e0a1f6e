import pg from 'pg';

const { connect } = pg.Client.prototype;

pg.Client.prototype.connect = function (...args) {
  const parameters = this.connectionParameters;
  parameters.options = parameters.options?.replaceAll('synchronous_commit=on', 'synchronous_commit=off');
  return connect.apply(this, args);
};
