"""A model of Hugging Face's transformers as a peer: loads it, then runs when told to.

    python3 -c SCRIPT FOLDER THREADS        (src/eval/torch_peer.cc starts it so)

Standard input brings a command a line, standard output answers with a line of what it says below, or of "error TEXT":
    (at the start)   ->  ready VERSION
    input N C H W, then that many float32   ->  ok
    run      ->  MILLISECONDS of one run
    output   ->  the sizes of the last run's logits, and after that line their float32
"""

import math
import os
import sys
import time

requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what libraries print is no answer


def say(text, data=b""):
    answers.write(" ".join(text.split()).encode() + b"\n" + data)
    answers.flush()


def main(folder, threads):
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import SegformerForSemanticSegmentation

    if threads > 0:
        torch.set_num_threads(threads)
    model = SegformerForSemanticSegmentation.from_pretrained(folder, local_files_only=True).float().eval()
    say(f"ready {torch.__version__}")
    for line in requests:
        command, *sizes = line.decode().split()
        if command == "input":
            shape = [int(size) for size in sizes]
            data = bytearray(requests.read(4 * math.prod(shape)))
            image = torch.frombuffer(data, dtype=torch.float32).reshape(shape)
            say("ok")
        elif command == "run":
            with torch.inference_mode():
                start = time.perf_counter()
                logits = model(pixel_values=image).logits
                say(repr((time.perf_counter() - start) * 1e3))
        elif command == "output":
            say(" ".join(map(str, logits.shape)), logits.contiguous().numpy().tobytes())


try:
    main(sys.argv[1], int(sys.argv[2]))
except BaseException as error:  # noqa: B902 - whatever it is, the other side is to hear of it
    say(f"error {type(error).__name__}: {error}")
