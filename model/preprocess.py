import io
import numpy as np
from PIL import Image, ImageOps
def read_picture(source):
    try:
        return ImageOps.exif_transpose(Image.open(io.BytesIO(source))).convert("RGB")
    except Exception as e:
        raise ValueError(str(e))
def to_square(p):
    w,h=p.size; s=min(w,h); l,t=(w-s)/2,(h-s)/2
    return np.asarray(p.resize((256,256), Image.Resampling.BILINEAR, box=(l,t,l+s,t+s)))
def crop(square, mean):
    return np.ascontiguousarray((square[16:240,16:240].astype(np.float32).transpose(2,0,1)-mean[:,16:240,16:240])[None])
def ten_crops(square, mean):
    out=[]
    for r,c in ((0,0),(0,32),(16,16),(32,0),(32,32)):
        x=square[r:r+224,c:c+224].astype(np.float32).transpose(2,0,1)-mean[:,r:r+224,c:c+224]
        out+= [x, x[:,:,::-1]]
    return np.stack(out)
