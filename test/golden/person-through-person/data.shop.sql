create table employee (id text primary key, name text, manager_id text);
create table customer (id text primary key, name text, support_rep_id text);
insert into employee values ('eve', 'Eve', null), ('fay', 'Fay', 'eve');
insert into customer values
  ('ada', 'Ada', 'eve'), ('ben', 'Ben', 'eve'), ('cleo', 'Cleo', 'fay'), ('dan', 'Dan', null),
  ('gil', 'Gil', 'eve');
