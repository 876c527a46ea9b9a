// Which mechanical mutant is on. The copies of the production sources that `tests/sim/mutants
// --sample` makes ask this; nothing else does. It is chosen by the environment, and the first use
// of the one that is on leaves a mark that it was reached. Thread-safe.
#pragma once

// The numbers begin at 1.
bool ZkcSampledMutant(int number);
