create table customer (id text primary key, name text, note text);
create table call (id int primary key, customer_id text, minutes int);
insert into customer values ('ada', 'Ada', 'is always right');
insert into call values (1, 'ada', 40);
