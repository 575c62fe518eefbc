create table customer (id text primary key, email text);
insert into customer
select id, id || '@example.com'
from unnest(array['ada', 'ben', 'cleo', 'dan', 'eli', 'fay']) as id;
