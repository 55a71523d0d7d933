-- A file of schema 5: that of schema 4, brought there. Made by `sqlite3 FILE .dump`; never changed again.
PRAGMA application_id = 1329811529;
PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('5');
CREATE TABLE counters (
	list INTEGER NOT NULL, 
	country_code TEXT NOT NULL, 
	party_id TEXT NOT NULL, 
	block BIGINT NOT NULL, 
	count BIGINT NOT NULL, 
	PRIMARY KEY (list, country_code, party_id, block), 
	FOREIGN KEY(list) REFERENCES lists (list)
)
 WITHOUT ROWID

;
INSERT INTO "counters" VALUES(1,'','',0,2);
INSERT INTO "counters" VALUES(1,'BE','BEC',0,1);
INSERT INTO "counters" VALUES(1,'NL','TNM',0,1);
INSERT INTO "counters" VALUES(2,'','',0,2);
INSERT INTO "counters" VALUES(2,'NL','TNM',0,2);
INSERT INTO "counters" VALUES(3,'','',0,1);
INSERT INTO "counters" VALUES(3,'NL','TNM',0,1);
CREATE TABLE documents (
	kind TEXT NOT NULL, 
	id TEXT NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (kind, id)
);
INSERT INTO "documents" VALUES('partner','emsp',X'7B7D');
CREATE TABLE "lists" (
	list INTEGER NOT NULL, 
	side TEXT NOT NULL, 
	module TEXT NOT NULL, 
	audience TEXT NOT NULL, 
	count BIGINT NOT NULL, 
	generation BIGINT NOT NULL, 
	PRIMARY KEY (list)
);
INSERT INTO "lists" VALUES(1,'theirs','locations','',2,3);
INSERT INTO "lists" VALUES(2,'ours','sessions','emsp',2,3);
INSERT INTO "lists" VALUES(3,'ours','sessions','?NL*EMP',1,2);
CREATE TABLE meta (
	name TEXT NOT NULL, 
	value BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('documents',1);
INSERT INTO "meta" VALUES('cursor_key',3416756365304773595);
CREATE TABLE "objects" (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	side TEXT NOT NULL, 
	module TEXT NOT NULL, 
	country_code TEXT NOT NULL, 
	party_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	list INTEGER NOT NULL, 
	version TEXT NOT NULL, 
	last_updated BIGINT NOT NULL, 
	created BIGINT, 
	source TEXT NOT NULL, 
	body BLOB NOT NULL, 
	FOREIGN KEY(list) REFERENCES lists (list)
);
INSERT INTO "objects" VALUES(1,'theirs','locations','NL','TNM','LOC1',1,'2.2.1',10,NULL,'emsp',X'7B226964223A20224C4F4331227D');
INSERT INTO "objects" VALUES(2,'theirs','locations','BE','BEC','LOC2',1,'2.2.1',20,NULL,'',X'7B226964223A20224C4F4332227D');
INSERT INTO "objects" VALUES(3,'ours','sessions','NL','TNM','SES1',2,'2.2.1',30,NULL,'',X'7B226964223A202253455331227D');
INSERT INTO "objects" VALUES(4,'ours','sessions','NL','TNM','SES2',3,'2.2.1',40,NULL,'',X'7B226964223A202253455332227D');
INSERT INTO "objects" VALUES(5,'ours','sessions','NL','TNM','SES3',2,'2.2.1',50,1000006000000,'',X'7B226964223A202253455333227D');
CREATE TABLE outbox (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	partner TEXT NOT NULL, 
	module TEXT NOT NULL, 
	version TEXT NOT NULL, 
	method TEXT NOT NULL, 
	country_code TEXT NOT NULL, 
	party_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	parts TEXT NOT NULL, 
	body BLOB NOT NULL, 
	due_at BIGINT, 
	attempts BIGINT NOT NULL, 
	error TEXT NOT NULL, qualifier TEXT
);
INSERT INTO "outbox" VALUES(1,'emsp','locations','2.2.1','PUT','NL','TNM','LOC1','["E1"]',X'7B7D',1000005000000,1,'busy',NULL);
INSERT INTO "outbox" VALUES(2,'emsp','locations','2.2.1','PUT','NL','TNM','LOC1','[]',X'7B7D',NULL,0,'',NULL);
CREATE TABLE outbox_partners (
	number INTEGER NOT NULL, 
	partners TEXT NOT NULL, 
	PRIMARY KEY (number)
);
CREATE TABLE outbox_shared (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	partners INTEGER NOT NULL, 
	written_at BIGINT NOT NULL, 
	module TEXT NOT NULL, 
	version TEXT NOT NULL, 
	method TEXT NOT NULL, 
	country_code TEXT NOT NULL, 
	party_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	parts TEXT NOT NULL, 
	qualifier TEXT, 
	body BLOB NOT NULL, 
	FOREIGN KEY(partners) REFERENCES outbox_partners (number)
);
CREATE INDEX outbox_due ON outbox (due_at, number);
CREATE INDEX outbox_object ON outbox (partner, module, country_code, party_id, id, number);
CREATE UNIQUE INDEX objects_id ON objects (side, module, id, country_code, party_id);
CREATE INDEX objects_created ON objects (list, seq);
CREATE INDEX objects_changed ON objects (list, last_updated, seq);
CREATE INDEX objects_owner_created ON objects (list, country_code, party_id, seq);
CREATE INDEX objects_owner_changed ON objects (list, country_code, party_id, last_updated, seq);
CREATE UNIQUE INDEX lists_name ON lists (side, module, audience);
CREATE INDEX outbox_partners_of ON outbox_partners (partners);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',2);
INSERT INTO "sqlite_sequence" VALUES('objects',5);
COMMIT;
