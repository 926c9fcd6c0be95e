# The heads of a picture: what it is about, the machine, the versions, the command.
def given(value; text): if value then text else empty end;
.machine as $m
| .benchmark + given(.title; ": " + .title) // .benchmark,
  ([$m.cpu // empty, given($m.cores; "\($m.cores) cores"), given($m.kernel; "Linux \($m.kernel)"),
    given($m.load; "load \($m.load * 10 | round / 10)"),
    given($m.line_ns; "a cache line takes \($m.line_ns | round) ns from core to core")] | join(", ")),
  ([given(.version; "shmbroker \(.version)"), given($m.compiler; $m.compiler),
    given($m.libevent; "libevent \($m.libevent)"),
    (.notes // [] | .[] | select(test("^(peers|peer|versions): ")))] | join(", ")),
  ([given(.date; "measured \(.date)"), "sh tests/bench/run.sh \(.benchmark)",
    given(.plan; "\(.plan.rounds) rounds: median, least and greatest"),
    given(.quick; "A QUICK RUN, WHICH SAYS NOTHING ABOUT SPEED"),
    given(.only; "ONLY THE PART \(.only)")] | join(", "))
