#include "tests/unit/checker/rules/round_case.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "base/join.h"
#include "base/overloaded.h"

namespace zkcluster::rules_test {
namespace {

Micros Seconds(const std::string& text) {
  return std::chrono::seconds(std::stol(text));
}

std::string InSeconds(Micros time) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(time);
  const auto rest = (time - whole).count();
  return std::to_string(whole.count()) + (rest == 0 ? "" : "+" + std::to_string(rest) + "us");
}

Vote VoteOf(char letter) {
  switch (letter) {
    case 'a':
      return {Opinion::kAlive, Reason::kNone};
    case 't':
      return {Opinion::kDead, Reason::kTimeout};
    case 'r':
      return {Opinion::kDead, Reason::kRefused};
    case 'u':
      return {Opinion::kUnknown, Reason::kUnresolved};
    case 'f':
      return {Opinion::kUnknown, Reason::kTimeout, true};
    case '-':
      return {};
    default:
      throw std::invalid_argument(std::string("no vote: ") + letter);
  }
}

// "c1@r1:aat", "c2:aa/old"
void ParseBallot(const std::string& word, RoundCase& to) {
  const auto colon = word.find(':');
  const auto at = word.substr(0, colon).find('@');
  std::string votes = word.substr(colon + 1);
  Ballot ballot;
  ballot.spec = to.spec_id;
  if (const auto slash = votes.find('/'); slash != std::string::npos) {
    ballot.spec.shards_zxid -= 1;
    votes.resize(slash);
  }
  if (at != std::string::npos) ballot.rack = word.substr(at + 1, colon - at - 1);
  for (const char letter : votes) ballot.votes.push_back(VoteOf(letter));
  to.ballots.emplace(word.substr(0, std::min(colon, at)), std::move(ballot));
}

// "AD-?!": alive, dead, unknown, lost, lost without a mirror.
void ParseBoard(const std::string& letters, RoundCase& to) {
  for (std::size_t i = 0; i < letters.size(); ++i) {
    to.spec.shards.push_back({"s" + std::to_string(i), "10.0.0.1:" + std::to_string(i + 1)});
    to.board.board.shards.push_back(ParseRow(letters[i], 100));
    to.board.unmirrored += letters[i] == '!' ? 1 : 0;
    to.board.from_elsewhere |= letters[i] == '!' || letters[i] == '?';
  }
}

// "s1@900" or "s1": since then, until then or for ever.
std::pair<std::string, Micros> NamedTime(const std::string& text) {
  const auto parts = SplitList(text, '@');
  return {parts[0], parts.size() > 1 ? Seconds(parts[1]) : Micros(0)};
}

using Setters = std::map<std::string, void (*)(const std::string&, RoundCase&)>;
const Setters& SpecSetters() {
  static const Setters setters = {
      {"board", ParseBoard},
      {"checkers", [](const auto& v, auto& to) { to.spec.checkers = std::stoi(v); }},
      {"quorum", [](const auto& v, auto& to) { to.spec.quorum = std::stoi(v); }},
      {"min_racks", [](const auto& v, auto& to) { to.spec.min_racks = std::stoi(v); }},
      {"max_dead", [](const auto& v, auto& to) { to.spec.max_dead_fraction = std::stod(v); }},
      {"bad_spec", [](const auto&, auto& to) { to.spec_is_current = false; }},
      {"in_pieces", [](const auto&, auto& to) { to.spec_from_one_write = false; }},
      {"head",
       [](const auto& v, auto& to) {
         to.head = Head();
         to.head->spec = {to.spec_id.version, std::stol(v)};
       }},
      {"newest", [](const auto& v, auto& to) { to.board.newest_since = Seconds(v); }},
  };
  return setters;
}
// "checkers:5,quorum:3,min_racks:2,max_dead:0.5"
void ParseSafeguards(const std::string& text, RoundCase& to) {
  Safeguards& kept = to.ledger.safeguards.emplace();
  for (const auto& one : SplitList(text)) {
    const auto parts = SplitList(one, ':');
    if (parts[0] == "checkers") kept.checkers = std::stoi(parts[1]);
    if (parts[0] == "quorum") kept.quorum = std::stoi(parts[1]);
    if (parts[0] == "min_racks") kept.min_racks = std::stoi(parts[1]);
    if (parts[0] == "max_dead") kept.max_dead_fraction = std::stod(parts[1]);
    if (parts[0] == "lost") kept.lost.insert(parts[1]);
  }
}
const Setters& OtherSetters() {
  static const Setters setters = {
      {"remembered", ParseSafeguards},
      {"known",
       [](const auto& v, auto& to) {
         for (const auto& id : SplitList(v)) to.ledger.electorate.insert(id);
       }},
      {"at_least", [](const auto& v, auto& to) { to.ledger.at_least = std::stoi(v); }},
      {"freeze", [](const auto& v, auto& to) { to.ledger.freeze = ParseFreeze(v); }},
      {"pause",
       [](const auto& v, auto& to) {
         to.ledger.pause = Pause{Micros(1), v.empty() ? Micros(0) : Seconds(v), "ann", "why"};
       }},
      {"under",
       [](const auto& v, auto& to) {
         for (const auto& one : SplitList(v)) {
           const auto [shard, until] = NamedTime(one);
           to.ledger.maintenance[shard] = {Micros(1), until, "ann", "why"};
         }
       }},
      {"owes",
       [](const auto& v, auto& to) {
         for (const auto& one : SplitList(v)) {
           const auto parts = SplitList(one, ':');
           const auto [required, since] = NamedTime(parts[1]);
           to.ledger.penalties[parts[0]] = {std::stoi(required), since};
         }
       }},
      {"registered",
       [](const auto& v, auto& to) {
         for (const auto& id : SplitList(v)) to.candidates.insert(id);
       }},
      {"go", [](const auto& v, auto& to) { to.go_voters = SplitList(v); }},
      {"wall", [](const auto& v, auto& to) { to.wall = Seconds(v); }},
      {"redate", [](const auto&, auto& to) { to.ledger.redate = true; }},
      {"after_go", [](const auto&, auto& to) { to.last_hold = Hold::kGoCheckers; }},
      {"refusals", [](const auto& v, auto& to) { to.vote_refusals = std::stoi(v); }},
  };
  return setters;
}

std::string_view StepName(Round::Step step) {
  switch (step) {
    case Round::Step::kWait:
      return "wait";
    case Round::Step::kYield:
      return "yield";
    case Round::Step::kReload:
      return "reload";
    case Round::Step::kRefuse:
      return "refuse";
    case Round::Step::kKeep:
      return "keep";
    case Round::Step::kCommit:
      return "commit";
  }
  return "";
}

std::string CountsText(const VoteCounts& counts) {
  return std::to_string(counts.alive) + "/" + std::to_string(counts.dead) + "/" +
         std::to_string(counts.unknown);
}

std::string ChangeText(const Change& change, const StatusBoard& after,
                       const std::vector<ShardSpec>& shards) {
  const auto number = [](std::size_t n) { return "(" + std::to_string(n) + ")"; };
  const auto letter = [](ShardStatus status) { return LetterOf({.status = status}); };
  return std::visit(
      Overloaded{
          [](const KeysLost& lost) { return "keys_lost(" + Join(lost.keys, ",") + ")"; },
          [](const PauseOver&) -> std::string { return "pause_over"; },
          [](const MaintenanceOver& over) {
            return "maintenance_over(" + Join(over.shards, ",") + ")";
          },
          [&](const FreezeBegan& freeze) { return "freeze_began" + number(freeze.would_be_dead); },
          [&](const FreezeEnded& freeze) { return "freeze_ended" + number(freeze.would_be_dead); },
          [&](const Flip& flip) {
            Micros since{0};
            for (std::size_t i = 0; i < shards.size(); ++i) {
              if (shards[i].name == flip.shard) since = after.shards[i].since;
            }
            std::string text = flip.shard + ":" + letter(flip.from) + ">" + letter(flip.to) + "@" +
                               InSeconds(since) + "(" + CountsText(flip.counts);
            if (flip.reason != Reason::kNone) text += "," + std::string(ReasonName(flip.reason));
            return text + ")";
          },
      },
      change);
}

}  // namespace

std::vector<Line> ReadLines(const std::string& name) {
  std::ifstream file(std::string(ZKC_TESTDATA) + "/round/" + name);
  if (!file) throw std::runtime_error("cannot read " + name);
  std::vector<Line> lines;
  int number = 0;
  for (std::string text; std::getline(file, text);) {
    ++number;
    if (text.empty() || text.front() == '#') continue;
    const auto arrow = text.find(" => ");
    if (arrow == std::string::npos) throw std::runtime_error("no arrow: " + text);
    std::string input = text.substr(0, arrow);
    input.erase(input.find_last_not_of(' ') + 1);
    lines.push_back({name + ":" + std::to_string(number), input, text.substr(arrow + 4)});
  }
  return lines;
}

Words SplitWords(const std::string& input) {
  Words words;
  std::istringstream stream(input);
  for (std::string word; stream >> word;) {
    const auto equals = word.find('=');
    words.emplace_back(word.substr(0, equals),
                       equals == std::string::npos ? "" : word.substr(equals + 1));
  }
  return words;
}

std::vector<std::string> SplitList(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

ShardState ParseRow(char letter, int since_s) {
  const Micros since = std::chrono::seconds(since_s);
  switch (letter) {
    case 'A':
      return {ShardStatus::kAlive, since};
    case 'D':
      return {ShardStatus::kDead, since, Reason::kTimeout};
    case '-':
      return {};
    case '?':
    case '!':
      return kLostRow;
    default:
      throw std::invalid_argument(std::string("no status: ") + letter);
  }
}

char LetterOf(const ShardState& row) {
  if (row.lost()) return '?';
  return row.status == ShardStatus::kAlive ? 'A' : row.status == ShardStatus::kDead ? 'D' : '-';
}

// "frozen@900:5", "accept@900:5" (frozen, and an operator accepts), "accepted:5"
Freeze ParseFreeze(const std::string& text) {
  if (text.empty()) return {};
  const auto colon = text.find(':');
  const int number = std::stoi(text.substr(colon + 1));
  const auto [kind, since] = NamedTime(text.substr(0, colon));
  if (kind == "accepted") return {.accepted = number};
  return {.frozen = true, .since = since, .dead = number, .accept = kind == "accept"};
}

std::string DescribeFreeze(const Freeze& freeze) {
  if (!freeze.frozen && freeze.accepted == 0) return "";
  if (!freeze.frozen) return "accepted:" + std::to_string(freeze.accepted);
  return std::string(freeze.accept ? "accept@" : "frozen@") + InSeconds(freeze.since) + ":" +
         std::to_string(freeze.dead);
}

std::string DescribeTally(const ServerTally& tally) {
  std::string text = tally.outcome == Outcome::kAlive  ? "A"
                     : tally.outcome == Outcome::kDead ? "D"
                                                       : "-";
  text += " " + CountsText(tally.counts);
  if (tally.reason != Reason::kNone) text += " " + std::string(ReasonName(tally.reason));
  if (tally.dead_racks > 0) text += " racks=" + std::to_string(tally.dead_racks);
  if (tally.too_few) text += " too_few";
  return text;
}

RoundInput RoundCase::Input() const {
  return {.spec = spec,
          .spec_id = spec_id,
          .spec_is_current = spec_is_current,
          .spec_from_one_write = spec_from_one_write,
          .interval = interval,
          .threshold = threshold,
          .refused_threshold = refused_threshold,
          .head = head,
          .has_head = head.has_value(),
          .board = board,
          .ledger = ledger,
          .ballots = ballots,
          .candidates = candidates,
          .go_voters = go_voters,
          .wall = wall,
          .last_hold = last_hold,
          .vote_refusals = vote_refusals};
}

RoundCase ParseRound(const std::string& input) {
  RoundCase to;
  for (const auto& [key, value] : SplitWords(input)) {
    if (key.find(':') != std::string::npos) {
      ParseBallot(key, to);
    } else if (const auto spec = SpecSetters().find(key); spec != SpecSetters().end()) {
      spec->second(value, to);
    } else if (const auto other = OtherSetters().find(key); other != OtherSetters().end()) {
      other->second(value, to);
    } else {
      throw std::invalid_argument("no such word: " + key);
    }
  }
  return to;
}

std::string Describe(const RoundCase& from, const Round& round) {
  std::vector<std::string> words = {std::string(StepName(round.step))};
  const auto add = [&](const std::string& key, const std::string& value) {
    if (!value.empty() && value != "0") words.push_back(key + "=" + value);
  };
  const auto& [board, ledger, changes, without_quorum, would_be_dead, redated, held, maintained] =
      round.decision;
  if (round.hold != Hold::kNone) add("hold", std::string(HoldName(round.hold)));
  add("quorum",
      std::to_string(round.electorate.quorum) + "/" + std::to_string(round.electorate.size));
  add("learned", Join(round.learned, ","));
  for (const Change& change : changes) {
    words.push_back(ChangeText(change, board, from.spec.shards));
  }
  std::string letters;
  std::vector<std::string> dated;
  for (std::size_t i = 0; i < board.shards.size(); ++i) {
    const ShardState& before = from.board.board.shards[i];
    letters += LetterOf(board.shards[i]);
    if (before.status == board.shards[i].status && before.since != board.shards[i].since) {
      dated.push_back(from.spec.shards[i].name + "@" + InSeconds(board.shards[i].since));
    }
  }
  add("board", letters);
  add("dated", Join(dated, ","));
  add("without_quorum", std::to_string(without_quorum));
  add("would_be_dead", std::to_string(would_be_dead));
  add("redated", std::to_string(redated));
  add("held", std::to_string(held));
  add("maintained", Join(maintained, ","));
  add("freeze", DescribeFreeze(ledger.freeze));
  if (ledger.pause) words.emplace_back("paused");
  if (ledger.redate) words.emplace_back("to_redate");
  std::vector<std::string> rest;
  for (const auto& [shard, order] : ledger.maintenance) rest.push_back(shard);
  add("under", Join(rest, ","));
  rest.clear();
  for (const auto& [shard, penalty] : ledger.penalties) {
    rest.push_back(shard + ":" + std::to_string(penalty.required) + "@" + InSeconds(penalty.since));
  }
  add("owes", Join(rest, ","));
  add("at_least", std::to_string(ledger.at_least));
  if (!round.checks_votes) words.emplace_back("votes_unchecked");
  return Join(words, " ");
}

}  // namespace zkcluster::rules_test
