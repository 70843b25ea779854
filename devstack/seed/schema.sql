-- Data of an older version gets the tables that it lacks: nothing here changes one that is there.
-- Times are ISO 8601 text as the platform sends them: naive UTC, microseconds only when there are some.
PRAGMA journal_mode = WAL;

-- The date from which the data is counted back.
CREATE TABLE IF NOT EXISTS seed (
    base_date TEXT NOT NULL
);

-- Class management.
CREATE TABLE IF NOT EXISTS classes (
    class_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    course_code TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS students (
    student_id TEXT PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    legal_full_name TEXT NOT NULL,
    email TEXT,
    created_by TEXT NOT NULL,
    UNIQUE (created_by, email)
);
CREATE TABLE IF NOT EXISTS class_members (
    class_id TEXT NOT NULL REFERENCES classes ON DELETE CASCADE,
    student_id TEXT NOT NULL REFERENCES students ON DELETE CASCADE,
    PRIMARY KEY (class_id, student_id)
);
CREATE TABLE IF NOT EXISTS associations (
    essay_id TEXT PRIMARY KEY,
    batch_id TEXT NOT NULL,
    class_id TEXT NOT NULL REFERENCES classes ON DELETE CASCADE,
    student_id TEXT NOT NULL REFERENCES students ON DELETE CASCADE,
    status TEXT NOT NULL,
    created_at TEXT NOT NULL,
    confidence_score REAL
);
CREATE INDEX IF NOT EXISTS associations_by_batch ON associations (batch_id);
-- The events that CMS publishes: one row per accepted confirmation, or batch whose time was up.
CREATE TABLE IF NOT EXISTS cms_outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id TEXT NOT NULL,
    payload TEXT NOT NULL
);

-- Results.
CREATE TABLE IF NOT EXISTS batches (
    batch_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    assignment_id TEXT,
    status TEXT NOT NULL,
    essay_count INTEGER NOT NULL,
    completed_essay_count INTEGER NOT NULL,
    failed_essay_count INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    last_updated TEXT NOT NULL,
    processing_started_at TEXT,
    processing_completed_at TEXT,
    prompt_storage_id TEXT
);
CREATE INDEX IF NOT EXISTS batches_by_user ON batches (user_id, created_at);
-- in_ras = 0: uploaded, but RAS has no row until the first result. cj_score holds the word NaN for one.
CREATE TABLE IF NOT EXISTS essays (
    essay_id TEXT PRIMARY KEY,
    batch_id TEXT NOT NULL REFERENCES batches ON DELETE CASCADE,
    in_ras INTEGER NOT NULL,
    filename TEXT,
    file_upload_id TEXT,
    original_text_storage_id TEXT,
    spellcheck_status TEXT,
    spellcheck_correction_count INTEGER,
    spellcheck_corrected_text_storage_id TEXT,
    spellcheck_error_detail TEXT,
    cj_assessment_status TEXT,
    cj_rank INTEGER,
    cj_score REAL,
    cj_assessment_error_detail TEXT,
    last_updated TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS essays_by_batch ON essays (batch_id);

-- The orchestrator's state, which the file service and RAS read. requested_pipelines is a JSON array.
CREATE TABLE IF NOT EXISTS bos_batches (
    batch_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    course_code TEXT NOT NULL,
    expected_essay_count INTEGER NOT NULL,
    has_prompt INTEGER NOT NULL,
    requested_pipelines TEXT NOT NULL,
    last_updated TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS phases (
    batch_id TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at TEXT,
    completed_at TEXT,
    PRIMARY KEY (batch_id, name)
);

-- The orchestrator's own status, which no route shows, and the class.
CREATE TABLE IF NOT EXISTS bos_contexts (
    batch_id TEXT PRIMARY KEY,
    class_id TEXT,
    status TEXT NOT NULL
);
-- Steps that are still to come after a write, at a time in epoch seconds.
CREATE TABLE IF NOT EXISTS effects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at REAL NOT NULL,
    kind TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    payload TEXT NOT NULL
);

-- Entitlements.
CREATE TABLE IF NOT EXISTS credit_balances (
    subject_type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    balance INTEGER NOT NULL,
    PRIMARY KEY (subject_type, subject_id)
);
CREATE TABLE IF NOT EXISTS credit_operations (
    id TEXT NOT NULL,
    subject_type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    metric TEXT NOT NULL,
    amount INTEGER NOT NULL,
    batch_id TEXT,
    consumed_from TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    operation_status TEXT NOT NULL,
    created_at TEXT NOT NULL
);

-- Uploads and texts.
CREATE TABLE IF NOT EXISTS file_uploads (
    file_upload_id TEXT PRIMARY KEY,
    batch_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    filename TEXT NOT NULL,
    size INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS texts (
    storage_id TEXT PRIMARY KEY,
    content_type TEXT NOT NULL,
    body BLOB NOT NULL
);

-- The events of all services, and the steps that the scenario has taken.
CREATE TABLE IF NOT EXISTS event_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    sent_at TEXT,
    sent INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS event_outbox_unsent ON event_outbox (id) WHERE sent = 0;
CREATE TABLE IF NOT EXISTS scenario (
    place INTEGER PRIMARY KEY CHECK (place = 1),
    step INTEGER NOT NULL
);
