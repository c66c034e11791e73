#!/bin/bash -eu
# Builds the fuzz targets as OSS-Fuzz and ClusterFuzzLite call for it: with $CC, $CXX, $CXXFLAGS and $LIB_FUZZING_ENGINE
# as they are, into $OUT. Below $OUT everything is found by where the program is; nothing of the source folder is needed.
#   BARNACLE_SOURCE         the source folder, for a copy of this script elsewhere (as in the image)
#   BARNACLE_CMAKE_OPTIONS  more options for cmake: a compiler cache, say
#   BARNACLE_JOBS           compilers at once (default: one for each processor)
source_folder=${BARNACLE_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
build_folder=${WORK:-$source_folder/build}/oss-fuzz
targets=(lifecycle scenario_toml host_tree text_edit helm_values three_way_merge)

# shellcheck disable=SC2086  # several options
cmake -S "$source_folder" -B "$build_folder" -G Ninja \
  -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="${CXXFLAGS:-}" \
  -DBARNACLE_TESTS=OFF -DBARNACLE_PROGRAM=OFF -DBARNACLE_HEADER_ONLY=ON \
  -DBARNACLE_FUZZING_ENGINE="$LIB_FUZZING_ENGINE" ${BARNACLE_CMAKE_OPTIONS:-}
cmake --build "$build_folder" --parallel "${BARNACLE_JOBS:-$(nproc)}" --target fuzz_targets

mkdir -p "$OUT"
for target in "${targets[@]}"; do
  cp "$build_folder/fuzz/fuzz_$target" "$OUT/$target"
  rm -f "$OUT/${target}_seed_corpus.zip"
  find "$source_folder/corpus/$target" -type f ! -name '.*' | sort | zip -q -j -X "$OUT/${target}_seed_corpus.zip" -@
  if [[ -f $source_folder/fuzz/$target.dict ]]; then cp "$source_folder/fuzz/$target.dict" "$OUT/"; fi
  if [[ -f $source_folder/fuzz/oss-fuzz/$target.options ]]; then cp "$source_folder/fuzz/oss-fuzz/$target.options" "$OUT/"; fi
done

# What a lifecycle is played on.
mkdir -p "$OUT/fixtures"
cp -R "$source_folder/fixtures/hosts" "$source_folder/fixtures/versions" "$source_folder/fixtures/payload" "$OUT/fixtures/"
