//! `/metrics`, in the text format of Prometheus 0.0.4.
//!
//! Owns names and the format; must not know where the numbers come from.

use crate::core::stats::Stats;
use std::fmt::Write;

/// The page.
#[must_use]
pub fn render(stats: &Stats) -> String {
    let mut page = String::new();
    let counters = [
        ("connected", "Connections accepted.", stats.connected),
        ("refused", "Connections sent away, over capacity or stopping.", stats.refused),
        ("replaced", "Older connections of a client that connected again, closed with 4409.", stats.replaced),
        ("messages_received", "Messages received.", stats.messages_in),
        ("malformed", "Messages or frames not understood.", stats.malformed),
        ("rate_limited", "Messages beyond the rate.", stats.rate_limited),
        ("commands", "Commands applied.", stats.commands),
        ("acked", "Acknowledgements sent.", stats.acked),
        ("nacked", "Refusals sent.", stats.refusals),
        ("repeated", "Messages settled before and not applied again.", stats.repeated),
        ("frames_sent", "Frames handed to sockets.", stats.frames_out),
        ("events_sent", "Numbered events handed to sockets.", stats.events_out),
        ("resync_kept", "Resyncs answered by events.", stats.resync_kept),
        ("resync_state", "Resyncs answered by state.", stats.resync_state),
        ("slow_resynced", "Slow readers left to resync.", stats.slow_resynced),
        ("slow_closed", "Slow readers closed.", stats.slow_closed),
        ("node_starts", "Commands of nodes started.", stats.node_starts),
        ("presence_joins", "Members that came.", stats.presence.joins),
        ("presence_leaves", "Members that left, or whose grace was over.", stats.presence.leaves),
        ("presence_refused", "Messages of presence that were refused.", stats.presence.refused),
        ("presence_lists", "Lists of members told.", stats.presence.lists),
        ("presence_changes_sent", "Changes of members handed to sockets.", stats.presence.changes_out),
        ("presence_cursors_sent", "Moves of pointers handed to sockets.", stats.presence.cursors_out),
        ("presence_bytes_sent", "Bytes of lists, changes and moves.", stats.presence.bytes_out),
    ];
    for (name, help, value) in counters {
        let _ = write!(
            page,
            "# HELP everwire_{name}_total {help}\n# TYPE everwire_{name}_total counter\neverwire_{name}_total {value}\n"
        );
    }
    let gauges = [
        ("connections", "Connections.", stats.connections),
        (
            "connections_per_client_max",
            "The most connections that any one client has.",
            stats.connections_per_client_max,
        ),
        (
            "connections_per_client_peak",
            "The most that any one client ever had at the end of a tick.",
            stats.connections_per_client_peak,
        ),
        ("clients", "Clients remembered.", stats.clients),
        ("unacknowledged", "Critical events not acknowledged.", stats.unacknowledged),
        ("presence_members", "Members, those in their grace included.", stats.presence.members),
    ];
    for (name, help, value) in gauges {
        let _ = write!(page, "# HELP everwire_{name} {help}\n# TYPE everwire_{name} gauge\neverwire_{name} {value}\n");
    }
    page.push_str(
        "# HELP everwire_closed_total Connections closed by the server.\n# TYPE everwire_closed_total counter\n",
    );
    for (code, count) in &stats.closed {
        let _ = writeln!(page, "everwire_closed_total{{code=\"{code}\"}} {count}");
    }
    page.push_str("# HELP everwire_log_head The last number of each log.\n# TYPE everwire_log_head gauge\n");
    for (dag, head) in &stats.heads {
        let _ = writeln!(page, "everwire_log_head{{dag=\"{dag}\"}} {head}");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_comment_or_a_name_and_a_number() {
        let stats = Stats { closed: [(4_409, 2)].into(), heads: [("d".into(), 7)].into(), ..Stats::default() };
        let page = render(&stats);
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').expect("two words");
            assert!(name.starts_with("everwire_") && value.parse::<u64>().is_ok(), "{line}");
        }
        assert!(page.contains("everwire_closed_total{code=\"4409\"} 2\n"));
    }
}
