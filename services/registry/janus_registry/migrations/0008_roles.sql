-- Who may do what: janus_owner changes the schema, janus_service is what the registry works as,
-- janus_reader is for people and reports. Give a login one of them: grant janus_reader to alice.
-- Roles belong to the whole cluster, so another database may have made them already.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['janus_owner', 'janus_service', 'janus_reader'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null;  -- made by somebody else at this moment
        end;
        if not pg_has_role(current_user, wanted, 'member') then
            execute format('grant %I to current_user', wanted);
        end if;
    end loop;
end
$$;

alter schema janus owner to janus_owner;
do $$
declare
    found record;
begin
    for found in
        select c.oid::regclass as name, case c.relkind when 'v' then 'view' else 'table' end as kind
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = 'janus' and c.relkind in ('r', 'v')
    loop
        execute format('alter %s %s owner to janus_owner', found.kind, found.name);
    end loop;
    for found in
        select p.oid::regprocedure as name
        from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace where n.nspname = 'janus'
    loop
        execute format('alter function %s owner to janus_owner', found.name);
    end loop;
end
$$;

grant usage on schema janus to janus_service, janus_reader;
grant select on all tables in schema janus to janus_service, janus_reader;
grant insert, update, delete on all tables in schema janus to janus_service;
-- Rows are retired, history is written by the database alone, migrations by their owner.
revoke delete on janus.symbol_registry, janus.symbol_conflict, janus.symbol_share from janus_service;
revoke insert, update, delete on janus.symbol_change, janus.schema_migration from janus_service;
-- What later migrations add is used in the same way.
alter default privileges for role janus_owner in schema janus
    grant select, insert, update, delete on tables to janus_service;
alter default privileges for role janus_owner in schema janus
    grant select on tables to janus_reader;
