"""`python -m model.convert` with a published file that is on this machine: PUBLISHED_HERE has its address and digest."""

import os
import sys

from model import convert
from model.download import Checksum
from model.published import PUBLISHED, Published

if __name__ == "__main__":
    address, digest = os.environ["PUBLISHED_HERE"].split()
    PUBLISHED["torchvision"] = Published(address=address, checksum=Checksum("sha256", digest), num_mb=1)
    sys.exit(convert.main())
