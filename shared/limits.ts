/**
 * Every bound of the product in one place. A length that comes from outside (wire, archive, store) is compared with one of
 * these before memory is taken for it.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Content-defined chunking: a file of at most `CHUNK_BYTES_MAX` is one chunk. The three travel in the hello. */
export const CHUNK_BYTES_MIN = 8 * KIB;
export const CHUNK_BYTES_NOMINAL = 32 * KIB;
export const CHUNK_BYTES_MAX = 128 * KIB;

/** One WebSocket message, and so one wire frame. */
export const FRAME_BYTES_MAX = 16 * MIB;
/** Payload of one segment, unless a single run is larger: the unit of loss when a link is cut. */
export const SEGMENT_BYTES_MAX = 256 * KIB;
/** Raw content in one run, and the content of a base that its delta leans on: what a decoder holds in memory at once. */
export const RUN_BYTES_MAX = 16 * MIB;
export const BASE_BYTES_MAX = 64 * MIB;
/** Segments sent and not yet acknowledged as durable. */
export const SEGMENTS_IN_FLIGHT_MAX = 64;
/** Bytes of such segments, beyond which no further one is begun. */
export const SEGMENT_BYTES_IN_FLIGHT_MAX = SEGMENTS_IN_FLIGHT_MAX * SEGMENT_BYTES_MAX;

/** Tar: body of a pax header or GNU long name that is kept in the skeleton. */
export const TAR_INLINE_BYTES_MAX = 1 * MIB;
/** Rows (tar headers) of one recipe. */
export const RECIPE_ROWS_MAX = 4_000_000;
/** Chunks of one recipe: half a terabyte of content. */
export const RECIPE_CHUNKS_MAX = 12_000_000;
/** Different header templates of one recipe. */
export const RECIPE_TEMPLATES_MAX = 4096;
/** Sizes and times in a recipe: differences of two of them, zigzag coded, are still exact in a double. */
export const RECIPE_NUMBER_MAX = 2 ** 50;
/** A recipe in its encoded form before compression, and the skeleton of one in memory. */
export const RECIPE_BYTES_MAX = 512 * MIB;
/** Streams nested in streams: an archive holds layers, a compressed layer its plain one, that a compressed file, and this its plain one. */
export const RECIPE_DEPTH_MAX = 4;
/** A compressed member of an archive that is smaller is content: two streams would cost more. */
export const WRAPPED_BYTES_MIN = 1024;
/** A compressed file of a layer that is smaller is content: what changed in it is found by opening it (DELTA.md), and it fits into a run. */
export const WRAPPED_FILE_BYTES_MIN = 2 * MIB;
/** What is needed beside the plain bytes to make the compressed ones again: it is held in memory, at both ends. */
export const RECONSTRUCTION_BYTES_MAX = 32 * MIB;
/** manifest.json, index.json, image config and manifests: what is parsed as JSON. */
export const IMAGE_JSON_BYTES_MAX = 8 * MIB;
/** Layers and archives announced in one session. */
export const STREAMS_PER_SESSION_MAX = 65_536;
/** All `stream` frames of one session: recipes stay in memory until its end. */
export const STREAM_BYTES_PER_SESSION_MAX = 256 * MIB;
export const LAYERS_MAX = 512;
export const IMAGES_PER_ARCHIVE_MAX = 1024;
export const REF_LENGTH_MAX = 512;
/** A file of settings. */
export const SETTINGS_FILE_BYTES_MAX = 1 * MIB;

/** Store: raw or stored bytes of one record. */
export const STORE_RECORD_BYTES_MAX = RECIPE_BYTES_MAX;
/** A pack is not appended to beyond this; a larger record gets a pack of its own. */
export const STORE_PACK_BYTES_MAX = 256 * MIB;
/** Records and bytes that were put and not flushed; beyond either, `put` flushes by itself. */
export const STORE_PENDING_RECORDS_MAX = 8192;
export const STORE_PENDING_BYTES_MAX = 64 * MIB;
/** Neighbouring records are read together up to this. */
export const STORE_READ_BYTES_MAX = 1 * MIB;
/** Written beforehand by a `serve`, and given up when a full disk leaves no room for the tombstones of a collection. */
export const STORE_RESERVE_BYTES = 8 * MIB;
/** Packs kept open for reading. */
export const STORE_OPEN_PACKS_MAX = 64;

/** A registry that is not reached, or has no time: how often it is tried, and the pauses between, unless it asks for longer ones. */
export const PUSH_TRIES_MAX = 4;
export const PUSH_DELAY_FIRST_MS = 2000;
export const PUSH_DELAY_MAX_MS = 60_000;
/** An engine that takes nothing more of a load, or says nothing of it or of a push, for so long hangs. */
export const PUSH_SILENT_MS = 5 * 60_000;
export const LOAD_SILENT_MS = 15 * 60_000;
/** Questions that an engine answers from memory; loading, saving and pushing have no such limit. */
export const ENGINE_ANSWER_TIMEOUT_MS = 30_000;
/** One line of JSON of an engine's report. */
export const ENGINE_LINE_BYTES_MAX = 1 * MIB;
/** Images of an engine whose layers are looked at before a load; the layers of others are sent. */
export const ENGINE_IMAGES_MAX = 4096;

/** A link that broke: how long a sender goes on trying without progress, unless it is told otherwise, and its pauses between two tries. */
export const RETRY_MS = 10 * 60_000;
export const RETRY_DELAY_FIRST_MS = 500;
export const RETRY_DELAY_MAX_MS = 30_000;
/** A connection on which nothing passed in one direction for so long is asked for a sign of life; one that gives none is broken. */
export const KEEPALIVE_INTERVAL_MS = 15_000;
export const KEEPALIVE_SILENT_INTERVALS_MAX = 3;

/** Streams that belong to no image that a receiver keeps account of, and for how long. */
export const UNFINISHED_MAX = 4096;
export const UNFINISHED_MS = 30 * 24 * 3_600_000;
/** Announcements of broken connections that a receiver remembers. */
export const BEGUN_BYTES_MAX = 64 * MIB;
/**
 * A question about content that is on its way in another conversation waits for it: at most so long, as long as something of it comes at least
 * every so often, and for so many chunks.
 */
export const CLAIM_WAIT_MS = 60_000;
export const CLAIM_SILENCE_MS = 10_000;
export const CLAIMED_CHUNKS_MAX = 1 << 18;

/** Receivers whose link's rate is remembered beside the pool. */
export const LINK_RATES_MAX = 64;

/** One entry of a journal of deliveries. */
export const JOURNAL_LINE_BYTES_MAX = 1 * MIB;

/** Grants beside a store, and bytes of one. */
export const GRANTS_MAX = 1024;
export const GRANT_BYTES_MAX = 64 * KIB;
/** Chunks that are remembered as sent with one token: 4 MiB of file. */
export const SENT_CHUNKS_MAX = 1 << 18;

/** Connections at once: those that are no conversation yet, all, and all from one address. */
export const CONNECTIONS_WAITING_MAX = 64;
export const CONNECTIONS_MAX = 256;
export const CONNECTIONS_PER_ADDRESS_MAX = 64;
/** From when a connection is taken to the end of its upgrade to a WebSocket, TLS included. */
export const UPGRADE_TIMEOUT_MS = 15_000;
/** Request line and headers of the upgrade. */
export const UPGRADE_BYTES_MAX = 8 * KIB;

/** A deflate stream that is taken apart: its gzip members, with their headers, and corrections in one section. */
export const DEFLATE_MEMBERS_MAX = 1_000_000;
export const DEFLATE_MEMBERS_BYTES_MAX = 16 * MIB;
export const DEFLATE_SECTION_BYTES_MAX = 1 * MIB;
/** The marks inside of its members; and of a part between two of them the plain bytes, and the corrections: with larger ones marks are not used. */
export const DEFLATE_MARKS_BYTES_MAX = 1 * MIB;
export const DEFLATE_PART_BYTES_MAX = 32 * MIB;
export const DEFLATE_PART_CORRECTIONS_BYTES_MAX = 4 * MIB;
/** A gzip header, and what may follow the last member. */
export const DEFLATE_HEADER_BYTES_MAX = 128 * KIB;
export const DEFLATE_TAIL_BYTES_MAX = 1 * MIB;
/** A zstd stream that is taken apart: its frames, what is said of them, records in one section, and what may follow the last frame. */
export const ZSTD_FRAMES_MAX = 1_000_000;
export const ZSTD_FRAMES_BYTES_MAX = 16 * MIB;
export const ZSTD_SECTION_BYTES_MAX = 1 * MIB;
export const ZSTD_TAIL_BYTES_MAX = 1 * MIB;
/** How far back its matches may reach. */
export const ZSTD_WINDOW_BYTES_MAX = 8 * MIB;
/** Members that are opened in one run of content, and stretches of alike ones. */
export const OPENED_MEMBERS_MAX = 65_536;

/** Streams in doubt that a receiver remembers over a restart. */
export const DOUBTS_MAX = 4096;

/** The control socket of a `serve`: a request, and one frame of the answer. */
export const CONTROL_REQUEST_BYTES_MAX = 64 * KIB;
export const CONTROL_FRAME_BYTES_MAX = 1 * MIB;

/** Requests for the status of an agent: their headers, how long they may take, and connections at once. */
export const HTTP_HEADER_BYTES_MAX = 8 * KIB;
export const HTTP_TIMEOUT_MS = 10_000;
export const HTTP_CONNECTIONS_MAX = 64;
/** Entries in memory of the status page's table that counts whose content is whose: above that it is not counted. */
export const STATUS_CHUNKS_MAX = 8_000_000;
/** Names that are activated together, and of a name's past what is told. */
export const ACTIVATED_NAMES_MAX = 256;
export const HISTORY_TOLD_MAX = 1000;
/** Of each image: meanings of names that are remembered. */
export const HISTORY_MAX = 256;
/** Reports that wait for one hook, and what is kept of a command's complaints. */
export const HOOKS_WAITING_MAX = 1000;
export const HOOK_OUTPUT_BYTES_MAX = 4 * KIB;

/** How far ahead a next run can be announced. */
export const SYNC_NEXT_SECONDS_MAX = 1e9;
/** Syncs that a receiver keeps account of: of one sender, of all, and for how long after their last run. */
export const SYNCS_PER_SENDER_MAX = 32;
export const SYNCS_MAX = 1024;
export const SYNCS_MS = 90 * 24 * 3_600_000;
/** A next run that is later than announced by more than this is overdue; while its sender is connected, or was so long ago, by more than that. */
export const SYNC_LATE_MS = 5 * 60_000;
export const SYNC_BUSY_MS = 6 * 3_600_000;

/** One envelope of a registry's notifications. */
export const NOTIFICATION_BYTES_MAX = 4 * MIB;
export const NOTIFICATION_EVENTS_MAX = 10_000;
