import GRDB

/// The tables. A change is a new migration; those that are here stay as they are.
enum StateSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 processes, requests, modules") { database in
            // The namespace is the first column of every key.
            try database.execute(
                sql: """
                    CREATE TABLE process (
                        namespace TEXT NOT NULL, id INTEGER NOT NULL, name TEXT, creator TEXT NOT NULL,
                        module_name TEXT NOT NULL, module_digest BLOB NOT NULL, entrypoint TEXT NOT NULL,
                        grants BLOB NOT NULL, memory_limit INTEGER NOT NULL, created_at INTEGER NOT NULL,
                        ceiling INTEGER NOT NULL, exit BLOB, ended_order INTEGER,
                        PRIMARY KEY (namespace, id)) WITHOUT ROWID, STRICT;
                    CREATE TABLE request (
                        namespace TEXT NOT NULL, identity TEXT NOT NULL, key BLOB NOT NULL,
                        body_hash BLOB NOT NULL, answer BLOB NOT NULL, finished_at INTEGER NOT NULL,
                        PRIMARY KEY (namespace, identity, key)) WITHOUT ROWID, STRICT;
                    CREATE TABLE module (
                        namespace TEXT NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL,
                        added_at INTEGER NOT NULL, PRIMARY KEY (namespace, digest)) WITHOUT ROWID, STRICT;
                    CREATE TABLE upload (
                        namespace TEXT NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL,
                        PRIMARY KEY (namespace, digest)) WITHOUT ROWID, STRICT;
                    CREATE TABLE reserved (
                        what TEXT NOT NULL PRIMARY KEY, through INTEGER NOT NULL) WITHOUT ROWID, STRICT;
                    INSERT INTO reserved VALUES ('process-id', 0);
                    """)
        }
        migrator.registerMigration("2 supervision") { database in
            // `supervision` is NULL in rows of before. `launch` is what a later incarnation needs, of
            // living processes with a restart policy only: it has values of arguments and variables.
            try database.execute(
                sql: """
                    ALTER TABLE process ADD COLUMN supervision BLOB;
                    CREATE TABLE launch (
                        namespace TEXT NOT NULL, id INTEGER NOT NULL, spec BLOB NOT NULL,
                        PRIMARY KEY (namespace, id)) WITHOUT ROWID, STRICT;
                    """)
        }
        migrator.registerMigration("3 outlines and past ends") { database in
            // `outline` is NULL in rows of before. `past_end` has the ends before a process's last.
            try database.execute(
                sql: """
                    ALTER TABLE process ADD COLUMN outline BLOB;
                    CREATE TABLE past_end (
                        namespace TEXT NOT NULL, id INTEGER NOT NULL, incarnation INTEGER NOT NULL,
                        exit BLOB NOT NULL, PRIMARY KEY (namespace, id, incarnation))
                        WITHOUT ROWID, STRICT;
                    """)
        }
        migrator.registerMigration("4 labels") { database in
            // NULL in rows without.
            try database.execute(sql: "ALTER TABLE process ADD COLUMN labels BLOB")
        }
        migrator.registerMigration("5 module names") { database in
            try database.execute(
                sql: """
                    CREATE TABLE module_name (
                        namespace TEXT NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL,
                        PRIMARY KEY (namespace, name)) WITHOUT ROWID, STRICT;
                    """)
        }
        migrator.registerMigration("6 events") { database in
            // `id` is NULL in those of modules.
            try database.execute(
                sql: """
                    CREATE TABLE event (
                        namespace TEXT NOT NULL, number INTEGER NOT NULL, time INTEGER NOT NULL,
                        kind INTEGER NOT NULL, id INTEGER, incarnation INTEGER NOT NULL,
                        name TEXT NOT NULL, detail TEXT NOT NULL,
                        PRIMARY KEY (namespace, number)) WITHOUT ROWID, STRICT;
                    CREATE UNIQUE INDEX event_number ON event (number);
                    INSERT INTO reserved VALUES ('event', 0);
                    """)
        }
        return migrator
    }
}
