create table customer (id text primary key, name text, birth_date date);
insert into customer values
  ('ada', 'Ada', '1984-12-10'), ('ben', 'Ben', '1991-05-06'), ('cleo', 'Cleo', null);
