create table loyalty (customer_id text primary key, points int);
insert into loyalty values ('cal', 1), ('cat', 2), ('dee', 3), ('dov', 4), ('una', 5), ('uri', 6);
