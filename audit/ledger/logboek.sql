-- The log on PostgreSQL, in a schema of its own. Run once, in one transaction; see
-- docs/besluiten/0019-logboek-op-postgresql.md. Whatever is changed here changes the fingerprint
-- in `pg_schema.py`, and needs a new version there.
--
-- Who writes may do so through the functions only: the role of the API gets no INSERT, UPDATE,
-- DELETE or TRUNCATE. The triggers stop mistakes, also of the owner; they are no evidence. What
-- proves the log is its tree and who signed it.

CREATE SCHEMA logboek;
REVOKE ALL ON SCHEMA logboek FROM PUBLIC;

CREATE TABLE logboek.schema_version (version integer PRIMARY KEY);

CREATE TABLE logboek.regel (
  seq bigint PRIMARY KEY,
  soort text COLLATE "C" NOT NULL,
  kenmerk text COLLATE "C" NOT NULL UNIQUE,
  leaf bytea NOT NULL,
  hash bytea NOT NULL,
  sleutel bytea,
  zegel bytea
);
CREATE INDEX regel_soort ON logboek.regel (soort, seq);

CREATE TABLE logboek.sleutel (
  id bytea PRIMARY KEY,
  onderwerp bytea NOT NULL,
  maand text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  verpakt bytea NOT NULL
);
CREATE INDEX sleutel_onderwerp ON logboek.sleutel (onderwerp, maand);

CREATE TABLE logboek.trefwoord (
  token bigint NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (token, seq)
);

-- One row. Whoever holds it writes; the room lets each new state stand on the same page.
CREATE TABLE logboek.kop (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  size bigint NOT NULL,
  peaks bytea NOT NULL,
  op text COLLATE "C" NOT NULL,
  note text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  kek bigint NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE logboek.controlepunt (
  size bigint PRIMARY KEY,
  note text COLLATE "C" NOT NULL
);

CREATE TABLE logboek.open_voornemen (
  stam text COLLATE "C" PRIMARY KEY,
  seq bigint NOT NULL
);

CREATE TABLE logboek.knoop (
  name text COLLATE "C" PRIMARY KEY,
  epoch bigint NOT NULL UNIQUE
);

-- Speed bumps ------------------------------------------------------------------------------------

CREATE FUNCTION logboek.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the log may not be changed' USING ERRCODE = 'SL004';
END $$;

-- Of a line only its zegel may go; of a key only its wrapping may change, and only forward.
CREATE FUNCTION logboek.only_shredding() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  OLD.zegel := NULL;
  IF NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'the log may not be changed' USING ERRCODE = 'SL004';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION logboek.only_rewrapping() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (NEW.id, NEW.onderwerp, NEW.maand) IS DISTINCT FROM (OLD.id, OLD.onderwerp, OLD.maand)
    OR NEW.epoch <= OLD.epoch THEN
    RAISE EXCEPTION 'the log may not be changed' USING ERRCODE = 'SL004';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION logboek.only_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.size < OLD.size OR NEW.epoch < OLD.epoch OR NEW.kek < OLD.kek OR NEW.op < OLD.op
    OR (NEW.size = OLD.size AND (NEW.peaks, NEW.note) IS DISTINCT FROM (OLD.peaks, OLD.note)) THEN
    RAISE EXCEPTION 'the log may not go back' USING ERRCODE = 'SL004';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER keep_rows BEFORE DELETE ON logboek.regel
  FOR EACH ROW EXECUTE FUNCTION logboek.refuse();
CREATE TRIGGER keep_content BEFORE UPDATE ON logboek.regel
  FOR EACH ROW EXECUTE FUNCTION logboek.only_shredding();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON logboek.regel
  FOR EACH STATEMENT EXECUTE FUNCTION logboek.refuse();
CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON logboek.controlepunt
  FOR EACH ROW EXECUTE FUNCTION logboek.refuse();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON logboek.controlepunt
  FOR EACH STATEMENT EXECUTE FUNCTION logboek.refuse();
CREATE TRIGGER keep_rows BEFORE DELETE ON logboek.kop
  FOR EACH ROW EXECUTE FUNCTION logboek.refuse();
CREATE TRIGGER keep_content BEFORE UPDATE ON logboek.kop
  FOR EACH ROW EXECUTE FUNCTION logboek.only_forward();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON logboek.kop
  FOR EACH STATEMENT EXECUTE FUNCTION logboek.refuse();
CREATE TRIGGER keep_content BEFORE UPDATE ON logboek.sleutel
  FOR EACH ROW EXECUTE FUNCTION logboek.only_rewrapping();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON logboek.sleutel
  FOR EACH STATEMENT EXECUTE FUNCTION logboek.refuse();
-- Also where a session says that it is a replica.
ALTER TABLE logboek.regel ENABLE ALWAYS TRIGGER keep_rows;
ALTER TABLE logboek.regel ENABLE ALWAYS TRIGGER keep_content;
ALTER TABLE logboek.regel ENABLE ALWAYS TRIGGER keep_all;
ALTER TABLE logboek.controlepunt ENABLE ALWAYS TRIGGER keep_rows;
ALTER TABLE logboek.controlepunt ENABLE ALWAYS TRIGGER keep_all;
ALTER TABLE logboek.kop ENABLE ALWAYS TRIGGER keep_rows;
ALTER TABLE logboek.kop ENABLE ALWAYS TRIGGER keep_content;
ALTER TABLE logboek.kop ENABLE ALWAYS TRIGGER keep_all;
ALTER TABLE logboek.sleutel ENABLE ALWAYS TRIGGER keep_content;
ALTER TABLE logboek.sleutel ENABLE ALWAYS TRIGGER keep_all;

-- What a node does -------------------------------------------------------------------------------

-- Admit a node. It gets an epoch of its own; who had this name before is shut out.
CREATE FUNCTION logboek.join_node(node text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  fresh bigint;
BEGIN
  UPDATE logboek.kop SET epoch = epoch + 1 RETURNING epoch INTO fresh;
  IF fresh IS NULL THEN
    RAISE EXCEPTION 'there is no log' USING ERRCODE = 'SL002';
  END IF;
  INSERT INTO logboek.knoop (name, epoch) VALUES (node, fresh)
    ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch;
  RETURN fresh;
END $$;

-- Begin a turn: the head is held until the transaction ends. The bounds hold for this
-- transaction only, so that they also work behind a pooler: whoever hangs while it holds the
-- head is cut off, and whoever waits too long is refused.
CREATE FUNCTION logboek.take_turn(node text, node_epoch bigint)
RETURNS TABLE (size bigint, peaks bytea, op text, note text, epoch bigint, kek bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('lock_timeout', '5s', true),
    set_config('statement_timeout', '10s', true),
    set_config('idle_in_transaction_session_timeout', '30s', true);
  RETURN QUERY SELECT k.size, k.peaks, k.op, k.note, k.epoch, k.kek FROM logboek.kop k FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no log' USING ERRCODE = 'SL002';
  END IF;
  IF NOT EXISTS (SELECT FROM logboek.knoop n WHERE n.name = node AND n.epoch = node_epoch) THEN
    RAISE EXCEPTION 'this node is shut out' USING ERRCODE = 'SL001';
  END IF;
END $$;

-- Everything of one batch. The settings are looked at again: a server may be told to be careless
-- while it runs.
CREATE FUNCTION logboek.write_batch(
  old_size bigint, new_size bigint, new_peaks bytea, new_op text, new_note text, new_kek bigint,
  soorten text[], kenmerken text[], leaves bytea[], hashes bytea[], sleutels bytea[],
  zegels bytea[], words bigint[], word_seqs bigint[], opened text[], opened_seqs bigint[],
  closed text[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE logboek.kop k
    SET size = new_size, peaks = new_peaks, op = new_op, note = new_note, kek = new_kek
    WHERE k.size = old_size AND new_size = old_size + cardinality(leaves);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the head is elsewhere' USING ERRCODE = 'SL002';
  END IF;
  INSERT INTO logboek.regel (seq, soort, kenmerk, leaf, hash, sleutel, zegel)
    SELECT old_size + u.i - 1, u.soort, u.kenmerk, u.leaf, u.hash, u.sleutel, u.zegel
    FROM unnest(soorten, kenmerken, leaves, hashes, sleutels, zegels)
      WITH ORDINALITY AS u (soort, kenmerk, leaf, hash, sleutel, zegel, i);
  INSERT INTO logboek.controlepunt (size, note) VALUES (new_size, new_note);
  IF words <> '{}' THEN
    INSERT INTO logboek.trefwoord (token, seq) SELECT * FROM unnest(words, word_seqs);
  END IF;
  IF closed <> '{}' THEN
    DELETE FROM logboek.open_voornemen WHERE stam = ANY (closed);
  END IF;
  IF opened <> '{}' THEN
    INSERT INTO logboek.open_voornemen (stam, seq) SELECT * FROM unnest(opened, opened_seqs);
  END IF;
  IF current_setting('fsync') <> 'on' OR current_setting('full_page_writes') <> 'on'
    OR current_setting('synchronous_commit') = 'off'
    OR (current_setting('synchronous_standby_names') <> ''
      AND current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')) THEN
    RAISE EXCEPTION 'the server does not wait for the disk' USING ERRCODE = 'SL003';
  END IF;
END $$;

CREATE FUNCTION logboek.add_keys(
  ids bytea[], onderwerpen bytea[], maanden text[], epochs bigint[], wrapped bytea[]
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO logboek.sleutel (id, onderwerp, maand, epoch, verpakt)
    SELECT * FROM unnest(ids, onderwerpen, maanden, epochs, wrapped)
    ON CONFLICT (id) DO NOTHING
$$;

CREATE FUNCTION logboek.erase(
  doomed_keys bytea[], lines bigint[], words bigint[], word_seqs bigint[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM logboek.sleutel WHERE id = ANY (doomed_keys);
  UPDATE logboek.regel SET zegel = NULL WHERE seq = ANY (lines) AND zegel IS NOT NULL;
  DELETE FROM logboek.trefwoord t USING unnest(words, word_seqs) AS u (token, seq)
    WHERE t.token = u.token AND t.seq = u.seq;
END $$;

CREATE FUNCTION logboek.rewrap(ids bytea[], epochs bigint[], wrapped bytea[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE logboek.sleutel s SET epoch = u.epoch, verpakt = u.verpakt
    FROM unnest(ids, epochs, wrapped) AS u (id, epoch, verpakt) WHERE s.id = u.id
$$;

-- Touch the head, so that the commit waits for the disk and for the standbys: then all that was
-- visible before is durable too.
CREATE FUNCTION logboek.confirm() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE logboek.kop SET epoch = epoch
$$;

CREATE FUNCTION logboek.create_log(
  new_peaks bytea, new_note text, new_kek bigint
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO logboek.kop (size, peaks, op, note, epoch, kek)
    VALUES (0, new_peaks, '', new_note, 0, new_kek);
  INSERT INTO logboek.controlepunt (size, note) VALUES (0, new_note)
$$;

-- What an operator does --------------------------------------------------------------------------

CREATE FUNCTION logboek.remove_node(node text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM logboek.kop FOR UPDATE;
  DELETE FROM logboek.knoop WHERE name = node;
  RETURN FOUND;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA logboek FROM PUBLIC;
INSERT INTO logboek.schema_version VALUES (1);
