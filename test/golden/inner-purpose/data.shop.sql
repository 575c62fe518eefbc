create table customer (
  id text primary key, name text, email text, phone text, reachable boolean, greeting text
);
insert into customer
select id, initcap(id), id || '@example.com', '+49', true, 'Dear ' || id
from unnest(array['ada', 'ben', 'cleo', 'dan', 'eli']) as id;
