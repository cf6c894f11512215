"""Every bound of the wire, once: its unit is in its name, its reason beside it."""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

MAX_CLIENT_MESSAGE_BYTES: Final = 1 * MIB
"""A larger message from a client closes the connection with 1009. Room for a request with a long environment."""

MAX_OUTPUT_BYTES: Final = 256 * KIB
"""Payload of one ``Output`` or ``Snapshot``: a flood costs few messages, and channels still interleave."""

MAX_DAEMON_MESSAGE_BYTES: Final = 12 * MIB
"""A client accepts messages up to this size: a ``Reply`` may carry one whole replay log."""

MAX_INPUT_BYTES: Final = 16 * KIB
"""Payload of one ``Input``. It fits the daemon's input pipe in one write: a key is taken whole or not at all."""

MAX_UNACKED_INPUT_BYTES: Final = 256 * KIB
"""What one channel may have sent and not seen acknowledged; beyond it the daemon ends the channel."""

DEFAULT_WINDOW_BYTES: Final = 256 * KIB
"""Output in flight to one channel. xterm.js digests 5-35 MB/s and turns sluggish over 500 kB unparsed."""

MIN_WINDOW_BYTES: Final = 4 * KIB
MAX_WINDOW_BYTES: Final = 8 * MIB

ACK_FRACTION: Final = 4
"""A client acknowledges at the latest when 1/ACK_FRACTION of its window has been consumed."""

DEFAULT_HISTORY_BYTES: Final = 1 * MIB
"""How much of the log a new viewer is given when it does not say."""

DEFAULT_SCROLLBACK_LINES: Final = 2_000
"""Lines above the screen that a snapshot carries when the client does not say."""

MAX_SCROLLBACK_LINES: Final = 100_000
"""A daemon may keep fewer."""

MAX_CELL_PIXELS: Final = 1_000

MAX_CHANNELS: Final = 64
"""Attachments on one connection."""

MAX_CHANNEL: Final = 2**31 - 1
MAX_SEQ: Final = 2**53 - 1
"""Offsets, sequences, ids and epochs stay exact in an IEEE double, JavaScript's only number."""

MIN_COLS: Final = 2
MIN_ROWS: Final = 1
MAX_COLS: Final = 1000
MAX_ROWS: Final = 1000

MAX_NAME_CHARS: Final = 64
MAX_ARGV_ITEMS: Final = 1024
MAX_CLIENT_ID_CHARS: Final = 64
MIN_CLIENT_ID_CHARS: Final = 16

HELLO_TIMEOUT_SECONDS: Final = 10
"""A connection that has not said Hello by then is closed with 1008."""

PING_INTERVAL_SECONDS: Final = 15
DEAD_AFTER_SECONDS: Final = 40
"""Nothing heard for so long: either end gives the connection up."""

RECONNECT_FIRST_SECONDS: Final = 0.25
RECONNECT_MAX_SECONDS: Final = 10
"""A client's delay doubles from the first to the maximum, each with up to 50 % of random jitter added."""

HOLD_GRACE_SECONDS: Final = 10
"""A lossless attachment's hold outlives its connection by this."""

HOLD_STALL_SECONDS: Final = 60
"""A hold that slows its child and acknowledges nothing for so long ends."""

MAX_LABEL_CHARS: Final = 256
"""Of a mark."""

MAX_PROMPT_CHARS: Final = 500_000
"""Of a run: more is better in a file that the prompt names, and has to fit one message."""

MAX_RUN_LINE_BYTES: Final = 32 * MIB
"""Of one line of a run's output: a tool may give back a picture; what is longer comes of a program gone wrong."""

MAX_RESUME_CHARS: Final = 256
"""Room for the daemon's numbers."""

MAX_TOKEN_SECONDS: Final = 10 * 365 * 24 * 3600
"""Of a token's life, where it has an end."""

MAX_EVENTS: Final = 1024
"""That a daemon keeps for those who come back."""

MAX_ANSWER_CHARS: Final = 16_384
"""Of the message with a denial, and of the answer to a question."""

MAX_PASTED_PROMPT_CHARS: Final = 65_536
"""Of a prompt that is pasted into a program."""

MAX_PARAMETER_VALUES: Final = 65_536
"""In the parameters of one Request, at all depths: a long argv and a long environment together have a few thousand."""

MAX_FILE_PIECE_BYTES: Final = 512 * KIB
"""Of a file, in one Request or Reply: keys and output come in between."""

MAX_PATH_CHARS: Final = 4096
"""Linux takes no longer ones."""

MAX_MINIATURES: Final = 512
"""Sessions that one ``miniatures`` asks for."""

MAX_PASTE_CHARS: Final = 65_536
"""In one ``paste``: the daemon may have to hold it until the program reads."""
