-- Run once, by the image's own start on an empty data folder, as its superuser.
-- Veza and Temporal each own their databases, and neither may enter the other's.
\getenv veza_password VEZA_DB_PASSWORD
\getenv temporal_password TEMPORAL_DB_PASSWORD

create role veza login password :'veza_password';
create role temporal login password :'temporal_password';

create database veza owner veza;
create database temporal owner temporal;
create database temporal_visibility owner temporal;

revoke connect, temporary on database veza from public;
revoke connect, temporary on database temporal from public;
revoke connect, temporary on database temporal_visibility from public;
