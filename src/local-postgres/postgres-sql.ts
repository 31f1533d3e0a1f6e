export const DATA_DIRECTORY = `/* quickstart.adopt */ select current_setting('data_directory') as directory`;

export const FIND_DATABASE = '/* quickstart.findDatabase */ select from pg_database where datname = $1';

export const IDENTIFY_DATABASE = `/* quickstart.identifyDatabase */
select system_identifier || '/' || oid as name
from pg_control_system(), pg_database
where datname = current_database()`;
