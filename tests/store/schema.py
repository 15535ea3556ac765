"""The schema of a database as plain text, one line per fact, whatever the order of its columns."""

from sqlalchemy import Connection, text

_SQLITE_COLUMNS = """
SELECT 'column', m.name, c.name, c.type, c."notnull", coalesce(c.dflt_value, ''), c.pk
FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
"""
_SQLITE_INDEXES = """
SELECT 'index', m.name, i."unique", i.origin, i.partial,
(SELECT group_concat(name) FROM pragma_index_info(i.name))
FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'
"""
_SQLITE_OTHERS = """
SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type NOT IN ('table', 'index')
UNION ALL SELECT 'virtual', name, '', sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'
"""
_POSTGRES_COLUMNS = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
coalesce(l.collname, ''), a.attgenerated, coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
LEFT JOIN pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
AND c.relname <> 'spatial_ref_sys'
"""
_POSTGRES_INDEXES = """
SELECT 'index', indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'
"""
_POSTGRES_OTHERS = """
SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 'spatial_ref_sys'::regclass
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function', proname, prosrc FROM pg_proc WHERE proname LIKE 'audit%'
"""
_QUERIES = {
    "sqlite": (_SQLITE_COLUMNS, _SQLITE_INDEXES, _SQLITE_OTHERS),
    "postgresql": (_POSTGRES_COLUMNS, _POSTGRES_INDEXES, _POSTGRES_OTHERS),
}


def schema_lines(db: Connection) -> list[str]:
    """Return what there is: columns, keys, indexes, triggers, virtual tables."""
    facts = (row for query in _QUERIES[db.dialect.name] for row in db.execute(text(query)))
    return sorted(" | ".join(" ".join(str(part).split()) for part in fact) for fact in facts)
